"""The grader of exercise 4.2: a run that goes on from a checkpoint."""

from dataclasses import replace
from pathlib import Path

from workbook.grading.evidence import Run, clear_storage
from workbook.grading.exercises import expect
from workbook.grading.exercises.batches import SECONDS, in_turn, whole
from workbook.grading.exercises.beside import beside
from workbook.grading.exercises.left_files import left_files
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.timelines.timeline import Timeline

KEYS = "In JSON, the keys of an object are always text: look for `str(index)` after you have read it back."


def resumed(answer: Answer) -> None:
    """The first run dies in its third batch; the second, in another process, has nothing of it but the checkpoint.

    The second is watched during its last batch: from what it has saved by then, a third run must be able to go on. The
    file has another name and folder each time, and what Prefect has stored of a run is removed.
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
    died, looked, during = _watched(answer, given, size, checkpoint, Path(gate), others[0])
    _died_there(died, bad, batches, checkpoint)
    if (saved := _content(checkpoint)) is None:
        raise NotYet(
            "Your flow failed in its third batch and left no file at the path "
            f"`checkpoint`{_written_elsewhere(answer, checkpoint)}.",
            "The file should hold the rows of the two batches that were complete.",
            "Write it after every batch, to the path that the flow is given. The end of the flow is too late.",
        )
    if looked and during is None:
        raise NotYet(
            "While your third batch ran, there was no file at the path `checkpoint` yet.",
            "The file should hold the rows of the two batches that were complete.",
            "Write it after every batch. A run that is killed never reaches its end, nor a `finally` or a hook.",
        )
    stored = clear_storage() >= 2 * size  # the rows of two batches
    with Answer(answer.source, 40) as other:
        copied, left = _new_file(other, saved), batches[2] + batches[3]
        gate = other.gate([(left[:-1], size)], [(left[-1:], 2)])
        again, looked, during = _watched(other, numbers, size, copied, Path(gate), left[-1])
        after = _content(copied)
    answer.runs.append(again)
    _went_on(again, batches, batches[2][place], stored, checkpoint)
    if looked:
        _saved_again(answer, numbers, size, saved, during, after)


def _watched(
    answer: Answer, indexes: list[int], size: int, checkpoint: Path, gate: Path, held: int
) -> tuple[Run, bool, bytes | None]:
    """Run the answer, and look at its file while one query is held at the gate.

    Returns:
        The run, whether the query was held, and what was in the file by then.
    """
    with beside(answer, indexes, SECONDS, size, str(checkpoint), gate=gate) as run:
        came = run.until(lambda: any(gate.glob(f"in-{held}-*")))
        during = _content(checkpoint) if came else None
        (gate / "open").touch()
        return run.result(), came, during


def _new_file(answer: Answer, content: bytes | None = None) -> Path:
    """A path for a checkpoint that no answer can know beforehand; with this content, if there is any."""
    folder = answer.folder / f"run-{answer.rng.randrange(10**6)}"
    folder.mkdir()
    file = folder / f"checkpoint-{answer.rng.randrange(10**6)}.json"
    if content is not None:
        file.write_bytes(content)
    return file


def _content(checkpoint: Path) -> bytes | None:
    """What is in a file; nothing if there is none."""
    return checkpoint.read_bytes() if checkpoint.is_file() else None


def _written_elsewhere(answer: Answer, checkpoint: Path) -> str:
    """Which file the answer has left next to the path, or in its working folder, in words."""
    if beside := sorted(file.name for file in checkpoint.parent.iterdir()):
        return f", but your flow left {beside[0]!r} next to it"
    found = [file for file in left_files(answer) if file.parent == answer.folder]
    return f", but your flow left {found[0].name!r} in the working folder" if found else ""


def _saved_again(
    answer: Answer, numbers: list[int], size: int, saved: bytes, during: bytes | None, after: bytes | None
) -> None:
    """The second run saved as well: after its first batch, and after its last, if it didn't remove the file.

    Args:
        answer: the answer.
        numbers: all queries.
        size: how many are a batch.
        saved: what was in the file when the second run began.
        during: what was in it during the last batch.
        after: what is in it now.
    """
    expected = "The file should hold the rows of the three batches that were complete."
    if during == saved:
        raise NotYet(
            "When your second run began its last batch, it had not saved the one before.", expected,
            "Save after every batch, also in a run that found a checkpoint: it may fail as well.",
        )  # fmt: skip
    with Answer(answer.source, 40) as other:
        third = other(numbers, SECONDS, size, str(_new_file(other, during)))
    asked, began = {query.index for query in third.asked}, "with the file as it was during the last batch of the second"
    if twice := [index for index in numbers[: 3 * size] if index in asked]:
        raise NotYet(
            f"A third run, which began {began}, ran query {twice[0]} again.", expected,
            "Add the rows of each batch to those that your flow has read from the file.",
        )  # fmt: skip
    if third.result != expect.rows_of(numbers):
        error = str(third.error or "").rstrip(".")
        raise NotYet(
            f"A third run, which began {began}, ended {third.state.name}{f': {error}' if error else ''}.",
            "It should complete and return all rows in order.",
            "Look at what your second run adds to the file.",
        )
    if after == during:
        raise NotYet(
            "Your second run saved nothing after its last batch.", "It should save after every batch.",
            "Save when a batch is complete, not when the next one begins: another run would repeat the last batch.",
        )  # fmt: skip


def _died_there(died: Run, bad: int, batches: list[list[int]], checkpoint: Path) -> None:
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
        following = [*(batches[1] if never[0] in batches[0] else []), *batches[2], bad, *last]
        if later := [index for index in following if index in asked]:
            raise NotYet(
                f"Your flow ran query {later[0]}, but never query {never[0]}, which belongs to a batch before it.",
                "Every query should be in a batch.",
                "Look at how you cut `indexes`: print the batches.",
            )
        error = str(died.error or died.state.message).rstrip(".")
        raise NotYet(
            f"Your flow ended {died.state.name} before it ran query {never[0]}: {error}.",
            f"It should fail at query {bad} of the third batch, after the first two are done.",
            _cause(error, died, checkpoint),
        )
    if late := asked & set(last):
        raise NotYet(
            f"Your flow ran query {min(late)} of the fourth batch, although the third had failed.",
            "A batch should start only when the one before it is complete.",
            "The third batch had ended by then, and your flow went on: collect all of a batch before you submit the "
            "next, and let its error leave the flow there. `wait()` doesn't raise it, and an `except` may keep it back."
            if Timeline.before(expect.queried(died, [*batches[2], bad]), expect.queried(died, last)) else
            "Collect the results of a batch before you submit the next.",
        )  # fmt: skip
    expect.asked_in_tasks(died, first_two, None)
    expect.took(replace(died, asked=tuple(query for query in died.asked if query.index != bad)), SECONDS)
    if bad not in asked:
        error = str(died.error or died.state.message).rstrip(".")
        raise NotYet(
            f"Your flow ended {died.state.name} before it ran query {bad}: {error}.",
            f"It should fail at query {bad} of the third batch, after the first two are done.",
            _cause(error, died, checkpoint),
        )
    expect.nothing_else(died, {*first_two, *batches[2], bad})
    in_turn(died, batches[:3], len(batches[0]))
    for batch in batches[:2]:
        whole(died, batch, len(batch))


def _cause(error: str, run: Run, checkpoint: Path) -> str:
    """Where to look for an error of the answer's own; `error`: as "TypeError: …"."""
    kind, _, text = error.partition(": ")
    if any(query.error and query.error.rstrip(".") == error for query in run.asked):
        return "A query raised this error. If your code didn't cause it, check again."
    if "takes the number of one query" in text:
        return "Submit a task for each query of a batch, and give it one number."
    if kind == "AttributeError" and "'str' object" in text:
        return "`checkpoint` is a path as text. `Path(checkpoint)` has `read_text`, `write_text` and `exists`."
    if kind == "FileNotFoundError":
        return "In the first run there is no file yet. Read it only if `Path(checkpoint).exists()`."
    if kind == "KeyError" and _as_text(checkpoint, text):
        return KEYS
    if kind == "LookupError":
        return "Your own code raised this, not the query. Run every query with `ask(index, seconds)` in a task."
    return "Your own code raised this error, not a query. Look at how you read and write the checkpoint."


def _as_text(checkpoint: Path, index: int | str) -> bool:
    """Whether a query's number is the key of an object in a JSON file."""
    return f'"{index}":'.encode() in (_content(checkpoint) or b"")


def _went_on(again: Run, batches: list[list[int]], unasked: int, stored: bool, checkpoint: Path) -> None:
    """The second run asked what was left, and nothing of a batch that was complete, and returned all rows.

    Args:
        again: the second run.
        batches: all queries.
        unasked: the query of the third batch that the first run could not ask.
        stored: whether the tasks of the first run had left something in Prefect's storage.
        checkpoint: the file that the first run left.
    """
    numbers, first_two = [index for batch in batches for index in batch], batches[0] + batches[1]
    size, left = len(batches[0]), batches[2] + batches[3]
    asked = {query.index for query in again.asked}
    if twice := [index for index in first_two if index in asked]:
        raise NotYet(
            f"Your second run ran query {twice[0]} again, although its batch was complete.",
            "The rows of a finished batch should come from the checkpoint.",
            _why_again(twice, first_two, stored, checkpoint),
        )
    if not again.state.is_completed():
        error = str(again.error or again.state.message).rstrip(".")
        raise NotYet(
            f"Your second run, which found the checkpoint, ended {again.state.name}: {error}.",
            "It should complete and return all rows.",
            _cause(error, again, checkpoint),
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
                "Does the file hold the rows of the finished batches, or only their numbers? Return those rows too.",
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


def _why_again(twice: list[int], first_two: list[int], stored: bool, checkpoint: Path) -> str:
    """Where to look if the second run repeated queries of complete batches."""
    if stored:
        return (
            "Your tasks left their rows in Prefect's result storage, which another machine doesn't have. Write "
            "them to the file `checkpoint`, and read that file when the flow begins."
        )
    if len(twice) < len(first_two):
        return (
            "It left out other queries, so it did read the file. Does that hold the rows of all finished batches, and "
            "does your flow go on behind them? A place in `indexes` is a number of queries, not of batches."
        )
    return (
        "Your second run knows only what is in the file. Keep the rows of all finished batches in it, read it when the "
        f"flow begins, and leave those queries out.{f' {KEYS}' if _as_text(checkpoint, twice[0]) else ''}"
    )
