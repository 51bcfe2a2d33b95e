"""Lesson 4: batches, and what to do with the moment between two of them."""

import shutil
from functools import partial
from itertools import pairwise

from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, Run
from workbook.timeline import Span, Timeline


def batched(answer: Answer) -> None:
    """Two runs with two sizes: what was written for one shows with the other."""
    for size in answer.chance.sample([2, 3, 4], 2):
        indexes = answer.chance.sample(range(20), 2 * size + 1)
        seen = expect.patiently({None: size}, partial(_asked, answer, indexes, size), 0.4)
        expect.result(seen, expect.rows_of(indexes))
        expect.task_runs(seen, len(indexes))
        expect.asked_in_tasks(seen, indexes)
        batches = [_spans(seen, indexes[first : first + size]) for first in range(0, len(indexes), size)]
        if seen.timeline.peak > size:
            raise NotYet(
                f"{seen.timeline.peak} of your tasks ran at once.",
                f"A batch has {size}, and batches do not overlap.",
                "Collect every result of a batch before you submit the next; mind the ends of your range.",
            )
        for number, (batch, following) in enumerate(pairwise(batches), start=1):
            if not Timeline.before(batch, following):
                raise NotYet(
                    f"A query of batch {number + 1} began before batch {number} had ended.",
                    f"In this run each batch has {size} queries, and batches do not overlap.",
                    "Take the size from the argument, and collect every result of a batch before you submit the next.",
                )
        expect.peak(seen, size)


def _asked(answer: Answer, indexes: list[int], size: int, seconds: float) -> Run:
    return answer(indexes, seconds, size)


def resumed(answer: Answer) -> None:
    """The first run dies in its third batch; the second, in another process, has nothing of it but the checkpoint."""
    size = answer.chance.choice([2, 3])
    numbers = answer.chance.sample(range(20), 4 * size)
    first_two, last = numbers[: 2 * size], numbers[3 * size :]
    at = 2 * size + answer.chance.randrange(size)
    bad = answer.chance.randrange(20, 99)
    checkpoint = answer.folder / "checkpoint.json"
    died = answer([*numbers[:at], bad, *numbers[at + 1 :]], 0.1, size, str(checkpoint))
    _died_there(died, bad, first_two, last)
    if not checkpoint.is_file():
        raise NotYet(
            "After the crash there is no file `checkpoint`.",
            "It should hold the rows of the two batches that were complete.",
            "Write the checkpoint after every batch: at the end of the flow is too late.",
        )
    with Answer(answer.source, 40) as other:
        copied = other.folder / checkpoint.name
        shutil.copy(checkpoint, copied)
        again = other(numbers, 0.1, size, str(copied))
    answer.runs.append(again)
    expect.result(again, expect.rows_of(numbers))
    asked = {note.index for note in again.asked}
    if twice := [index for index in first_two if index in asked]:
        raise NotYet(
            f"After the crash query {twice[0]} was asked again, although its batch was complete.",
            "What a finished batch has answered should come from the checkpoint.",
            "What was only in memory died with the first run. Read the file when the flow begins, and leave out what "
            "is in it; in JSON the keys of an object are text.",
        )
    expect.asked_in_tasks(again, sorted({*asked, numbers[at], *last}))


def _died_there(died: Run, bad: int, first_two: list[int], last: list[int]) -> None:
    """The run failed at the query that does not exist, with two batches behind it and none begun after it."""
    if died.state.is_completed():
        raise NotYet(
            f"Query {bad} does not exist, and your flow ended Completed.",
            "It should fail there.",
            "Let the exception leave the flow; what is done is in the checkpoint.",
        )
    asked = {note.index for note in died.asked}
    if never := [index for index in first_two if index not in asked]:
        raise NotYet(
            f"Your flow ended {died.state.name} before it asked query {never[0]}, with {str(died.error).rstrip('.')}.",
            f"It should fail at query {bad} of the third batch, when the first two are done.",
            "Ask every query with ask(index, seconds) in a task, batch after batch.",
        )
    if late := asked & set(last):
        raise NotYet(
            f"Query {min(late)} of the fourth batch was asked although the third had failed.",
            "A batch begins when the one before is complete.",
        )
    expect.asked_in_tasks(died, first_two)


def _spans(seen: Run, indexes: list[int]) -> list[Span]:
    task_runs = {note.task_run_id for note in seen.asked if note.index in indexes}
    return [span for span in seen.timeline if span.id in task_runs]


EXERCISES = (
    Exercise(
        id="4.1",
        title="Batches, and a short one at the end",
        minutes=8,
        entry="in_batches",
        contract=(
            "Write the flow in_batches(indexes, seconds, size). It asks the queries of `indexes` in batches of `size` "
            "task runs; the last may be shorter. A batch begins when the one before has ended. It returns all rows in "
            "the order of `indexes`."
        ),
        hints=(
            "range(0, len(indexes), size) gives where each batch begins.",
            "Inside the loop: submit the batch, collect the batch.",
            "batch = indexes[first : first + size] is right for the short last one too.",
        ),
        grade=batched,
    ),
    Exercise(
        id="4.2",
        title="Resume from a checkpoint",
        minutes=15,
        entry="resume",
        contract=(
            "Write the flow resume(indexes, seconds, size, checkpoint). It works in batches of `size` as in 4.1, and "
            "after every batch it writes what it has to the file `checkpoint`. It fails when a query does. Run again "
            "in another process with that file, it asks nothing that a finished batch has answered, and returns all "
            "rows in order."
        ),
        hints=(
            "A dict of index → rows is a good checkpoint: json.dumps it after each batch.",
            "The keys of JSON are text: answers[str(index)].",
            "At the beginning read the file if it exists, and put into batches only the indexes that are not in it.",
        ),
        grade=resumed,
    ),
)
