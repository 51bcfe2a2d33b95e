"""The graders of exercises 4.1 and 4.2: batches, and a run that goes on from a checkpoint."""

import shutil
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from workbook.grading.evidence import Run, clear_storage
from workbook.grading.exercises import expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import in_flight, together
from workbook.timelines.finding import named
from workbook.timelines.timeline import Timeline

SECONDS = 0.11  # of each query


def batched(answer: Answer) -> None:
    """Two sizes: what was written for one shows with the other. In the second run, the smaller, one query is held up.

    It is the first. It waits at the gate for the first of the second batch, which must not come, so the wait ends by
    the gate's time-out. An answer that sleeps between batches, or waits for one query of each, shows itself.
    """
    more, less = sorted(answer.rng.sample([2, 3, 4], 2), reverse=True)
    for size, held in ((more, False), (less, True)):
        indexes = answer.rng.sample(range(20), 2 * size + 1)
        batches = [indexes[first : first + size] for first in range(0, len(indexes), size)]
        if held:
            gate = answer.gate([([batches[0][0], batches[1][0]], 2)])
        else:
            gate = answer.gate(*([(batch, len(batch))] for batch in batches))
        seen = answer(indexes, SECONDS, size, gate=gate)
        expect.result(seen, expect.rows_of(indexes))
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        _in_turn(seen, batches, size)
        for batch in [] if held else batches:
            _whole(seen, batch, size)


def _in_turn(seen: Run, batches: list[list[int]], size: int) -> None:
    """Never more than a batch ran at once, and each batch began when the one before had ended."""
    spans = expect.queried(seen, [index for batch in batches for index in batch])
    if spans.peak > size:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once.",
            f"It should have been at most {size}, the size of a batch.",
            "Collect every result of a batch before you submit the next, and check where your slices end.",
        )
    for number, (batch, following) in enumerate(pairwise(batches), start=1):
        if not Timeline.before(expect.queried(seen, batch), expect.queried(seen, following)):
            found, wanted = ([str(count) for count in counts] for counts in (_sizes(spans), map(len, batches)))
            if found != wanted and len(found) > 1:
                raise NotYet(
                    f"A query of batch {number + 1} began before batch {number} had ended. Your flow ran "
                    f"{named(tuple(found))} queries, each group after the one before.",
                    f"The batches should have {named(tuple(wanted))} queries: {size}, and what is left in the last.",
                    "Take the size from the argument, check where your slices begin and end, and collect every result "
                    "of a batch before you submit the next.",
                )
            raise NotYet(
                f"A query of batch {number + 1} began before batch {number} had ended.",
                f"In this run a batch has {size} queries, and a batch should start when the one before it has ended.",
                "Take the size from the argument, and collect every result of a batch before you submit the next. A "
                "pause of fixed length doesn't wait for anything.",
            )


def _sizes(spans: Timeline) -> list[int]:
    """How many tasks each group had, if a group ends where no task runs."""
    sizes, end = [], None
    for span in sorted(spans, key=lambda span: span.start):
        if end is None or span.start >= end:
            sizes.append(0)
        sizes[-1] += 1
        end = span.end if end is None else max(end, span.end)
    return sizes


def _whole(seen: Run, batch: list[int], size: int) -> None:
    """The queries of a batch were in flight together."""
    if together(seen.asked, [(batch, len(batch))]):
        return
    spans, most = expect.queried(seen, batch), in_flight(seen.asked, batch)
    if spans.peak < len(batch):
        raise NotYet(
            f"At most {spans.peak} of the {len(batch)} queries of a batch ran at once.",
            f"In this run a batch has {size} queries, which should all run at the same time.",
            ("They ran one at a time: submit" if spans.peak < 2 else "Take the size from the argument, and submit")
            + " the whole batch before you collect any of its results.",
        )
    raise NotYet(
        f"{spans.peak} tasks of a batch ran at once, but at most {most} of their queries.",
        f"In this run a batch has {size} queries, which should all run at the same time.",
        "Look inside your task for a lock or a semaphore: it makes a running task wait.",
    )


# ----------------------------------------
# 4.2


def resumed(answer: Answer) -> None:
    """The first run dies in its third batch; the second, in another process, has nothing of it but the checkpoint.

    The file has another name and folder each time, and what Prefect has stored of the first run is removed.
    """
    size = answer.rng.choice([2, 3])
    numbers = answer.rng.sample(range(20), 4 * size)
    batches = [numbers[first : first + size] for first in range(0, len(numbers), size)]
    place = answer.rng.randrange(size)
    bad = answer.rng.randrange(20, 99)
    others = batches[2][:place] + batches[2][place + 1 :]
    checkpoint = _new_file(answer)
    held = (others, len(others) + 1)  # until somebody has looked
    gate = answer.gate(*([(batch, len(batch))] for batch in batches[:2]), [held])
    given = [*batches[0], *batches[1], *batches[2][:place], bad, *batches[2][place + 1 :], *batches[3]]
    clear_storage()  # of other answers
    with ThreadPoolExecutor(1) as pool:
        run, saved = pool.submit(answer, given, SECONDS, size, str(checkpoint), gate=gate), True
        while not run.done():
            if any(Path(gate).glob(f"in-{others[0]}-*")):
                saved = checkpoint.is_file()
                (Path(gate) / "open").touch()
                break
            wait([run], timeout=0.05)  # files announce nothing
        died = run.result()
    _died_there(died, bad, batches)
    if not checkpoint.is_file():
        raise NotYet(
            "Your flow failed in its third batch and left no file at the path "
            f"`checkpoint`{_written_elsewhere(answer)}.",
            "The file should hold the rows of the two batches that were complete.",
            "Write it after every batch, to the path that the flow is given. The end of the flow is too late.",
        )
    if not saved:
        raise NotYet(
            "While your third batch ran, there was no file at the path `checkpoint` yet.",
            "The file should hold the rows of the two batches that were complete.",
            "Write it after every batch. A run that is killed never reaches its end, nor a `finally` or a hook.",
        )
    stored = clear_storage() >= 2 * size  # the rows of two batches
    with Answer(answer.source, 40) as other:
        copied = _new_file(other)
        shutil.copy(checkpoint, copied)
        left = batches[2] + batches[3]
        again = other(numbers, SECONDS, size, str(copied), gate=other.gate([(left, size)]))
    answer.runs.append(again)
    _went_on(again, batches, batches[2][place], stored)


def _new_file(answer: Answer) -> Path:
    """A path for a checkpoint that no answer can know beforehand."""
    folder = answer.folder / f"run-{answer.rng.randrange(10**6)}"
    folder.mkdir()
    return folder / f"checkpoint-{answer.rng.randrange(10**6)}.json"


def _written_elsewhere(answer: Answer) -> str:
    """Which files the answer has left in its working folder, in words."""
    ours = {"answer.py", "queries.jsonl", "output.txt", "stacks.txt", "flow_run"}
    found = sorted(file.name for file in answer.folder.iterdir() if file.is_file() and file.name not in ours)
    return f", but your flow left {found[0]!r} in the working folder" if found else ""


def _died_there(died: Run, bad: int, batches: list[list[int]]) -> None:
    """The run failed at the query that does not exist, with two batches behind it and none begun after it."""
    first_two, last = batches[0] + batches[1], batches[3]
    if died.state.is_completed():
        raise NotYet(
            f"Your flow ended Completed, although it was given query {bad}, which doesn't exist.",
            "It should fail there.",
            "Don't catch the error: what is done so far is safe in the checkpoint.",
        )
    asked = {query.index for query in died.asked}
    if never := [index for index in first_two if index not in asked]:
        error = str(died.error or died.state.message).rstrip(".")
        raise NotYet(
            f"Your flow ended {died.state.name} before it ran query {never[0]}: {error}.",
            f"It should fail at query {bad} of the third batch, after the first two are done.",
            _cause(error, died),
        )
    if late := asked & set(last):
        raise NotYet(
            f"Your flow ran query {min(late)} of the fourth batch, although the third had failed.",
            "A batch should start only when the one before it is complete.",
            "Collect the results of a batch before you submit the next.",
        )
    expect.asked_in_tasks(died, first_two, None)
    expect.took(replace(died, asked=tuple(query for query in died.asked if query.index != bad)), SECONDS)
    if bad not in asked:
        error = str(died.error or died.state.message).rstrip(".")
        raise NotYet(
            f"Your flow ended {died.state.name} before it ran query {bad}: {error}.",
            f"It should fail at query {bad} of the third batch, after the first two are done.",
            _cause(error, died),
        )
    expect.nothing_else(died, {*first_two, *batches[2], bad})
    _in_turn(died, batches[:3], len(batches[0]))
    for batch in batches[:2]:
        _whole(died, batch, len(batch))


def _cause(error: str, died: Run) -> str:
    """Where to look for an error of the answer's own; `error`: as "TypeError: …"."""
    kind, _, text = error.partition(": ")
    if any(query.error and query.error.rstrip(".") == error for query in died.asked):
        return "A query raised this error. If your code didn't cause it, check again."
    if kind == "AttributeError" and "'str' object" in text:
        return "`checkpoint` is a path as text. `Path(checkpoint)` has `read_text`, `write_text` and `exists`."
    if kind == "FileNotFoundError":
        return "In the first run there is no file yet. Read it only if `Path(checkpoint).exists()`."
    if kind == "KeyError":
        return "In JSON, the keys of an object are always text: look for `str(index)` after you have read it back."
    if kind == "LookupError":
        return "Your own code raised this, not the query. Run every query with `ask(index, seconds)` in a task."
    return "Your own code raised this error, not a query. Look at how you read and write the checkpoint."


def _went_on(again: Run, batches: list[list[int]], unasked: int, stored: bool) -> None:
    """The second run asked what was left, and nothing of a batch that was complete, and returned all rows.

    Args:
        again: the second run.
        batches: all queries.
        unasked: the query of the third batch that the first run could not ask.
        stored: whether the tasks of the first run had left something in Prefect's storage.
    """
    numbers, first_two = [index for batch in batches for index in batch], batches[0] + batches[1]
    size, left = len(batches[0]), batches[2] + batches[3]
    asked = {query.index for query in again.asked}
    if twice := [index for index in first_two if index in asked]:
        raise NotYet(
            f"Your second run ran query {twice[0]} again, although its batch was complete.",
            "The rows of a finished batch should come from the checkpoint.",
            "Your tasks left their rows in Prefect's result storage, which another machine doesn't have. Write "
            "them to the file `checkpoint`, and read that file when the flow begins." if stored else
            "Your second run knows only what is in the file. Keep the rows of all finished batches in it, read it when "
            "the flow begins, and leave those queries out. In JSON, the keys of an object are always text.",
        )  # fmt: skip
    if not again.state.is_completed():
        error = str(again.error or again.state.message).rstrip(".")
        raise NotYet(
            f"Your second run, which found the checkpoint, ended {again.state.name}: {error}.",
            "It should complete and return all rows.",
            _cause(error, again),
        )
    if again.result == expect.rows_of(left + first_two):
        raise NotYet(
            "Your second run returned the rows that it fetched itself first, and then those from the checkpoint.",
            "They should come in the order of `indexes`.",
            "Go through `indexes` at the end, and take the rows of each query from one dict.",
        )
    for new in (batches[3], left):
        if again.result == expect.rows_of(new):
            raise NotYet(
                f"Your second run returned {len(new)} results, only those of the queries that it ran itself.",
                f"It should return all {len(numbers)}, with those from the checkpoint.",
                "Look at the `return` of your flow.",
            )
    expect.in_order(again, again.result, numbers)
    expect.result(again, expect.rows_of(numbers))
    expect.asked_in_tasks(again, [index for index in left if index in {*asked, unasked, *batches[3]}], SECONDS)
    expect.nothing_else(again, left)
    spans = expect.queried(again, left)
    if spans.peak > size:
        raise NotYet(
            f"In your second run, {spans.peak} of your tasks ran at once.",
            f"It should have been at most {size}, the size of a batch.",
            "Cut the queries that are left into batches, too.",
        )
