"""The work that exercises give to a learner's tasks: real queries, each of which leaves a note of where it ran.

A grader reads the notes next to Prefect's records. So it can tell a query inside a task run from one outside, and a
task that only slept from one that worked. While an answer is graded, queries also wait for each other at a gate.
"""

import contextlib
import functools
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prefect.runtime import flow_run, task_run

from flows import warehouse

NOTES = "WORKBOOK_NOTES"  # the environment variable that names the file for the notes; without it none is made
GATE = "WORKBOOK_GATE"  # … that names a folder in which queries wait for each other: what `gate` makes
FLAKY = "WORKBOOK_FLAKY"  # … that names queries on which the database hangs up: the text that `hang_ups` makes


@dataclass(frozen=True)
class Note:
    """One query that ran.

    Args:
        index: which of the twenty.
        seconds: how long it was told to take.
        task_run_id: the task run that it ran in; None if Prefect knew of none in that thread.
        flow_run_id: the flow run, likewise. Both are None in a thread that Prefect did not start.
        start, end: seconds since 1970. The time at the gate lies between them.
        error: what it raised; empty if it returned its rows.
    """

    index: int
    seconds: float
    task_run_id: str | None
    flow_run_id: str | None
    start: float
    end: float
    error: str = ""


def ask(index: int, seconds: float | None = None) -> list[dict[str, Any]]:
    """Ask the shop's database one of the twenty questions, and wait for its answer.

    Args:
        index: which question, 0 to 19 (`flows/sql/` has them).
        seconds: how long the database takes over it; by default as long as that question usually takes.

    Returns:
        The rows.

    Raises:
        LookupError: there is no question of that number.
        flows.warehouse.WarehouseError: the database could not answer, or hung up (see `flaky`).
    """
    start, wanted, error = time.time(), 0.0, ""
    try:
        if index not in range(len(warehouse.QUERIES)):
            raise LookupError(f"there is no query {index}: they are 0 to {len(warehouse.QUERIES) - 1}")
        wanted = warehouse.QUERIES[index].seconds * warehouse.time_scale() if seconds is None else seconds
        if _hangs_up(index):
            raise warehouse.QueryFailed(f"The database hung up on query {index}.")
        _prepared(str(warehouse.url()))
        with _at_the_gate(index):
            return warehouse.query(index, seconds=wanted)
    except BaseException as raised:
        error = f"{type(raised).__name__}: {raised}"
        raise
    finally:
        home = (found and str(found) for found in (task_run.id, flow_run.id))
        note(Note(index, wanted, *home, start, time.time(), error))


@functools.cache
def _prepared(database: str) -> None:
    """Build the database at the first query that finds none."""
    warehouse.prepare()


def note(made: Note) -> None:
    """Add a note to the file that the environment names, if it names one."""
    file = Path(os.environ.get(NOTES) or os.devnull)
    if file.is_file() or not file.exists():  # a pipe in its place would wait for a reader; the grader says so
        with file.open("a", encoding="utf-8") as notes:
            notes.write(json.dumps(asdict(made)) + "\n")  # one short write: notes of several threads do not mix


def read_notes(file: Path) -> list[Note]:
    """The notes in a file, in the order in which their queries ended; none if there is no such file.

    Raises:
        ValueError: it is no regular file, or something else was written into it.
    """
    if not file.exists():
        return []
    if not file.is_file():
        raise ValueError(f"{file.name} is not a regular file")
    try:
        return [Note(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None


Group = tuple[Sequence[int], int]  # queries, and how many of them should be in flight together
Meeting = Sequence[Group]  # groups that should reach their counts at the same moment


def together(notes: Sequence[Note], meeting: Meeting) -> bool:
    """Whether there was a moment at which each group of a meeting had as many queries in flight as it wants."""
    return any(all(_going_on(notes, indexes, at) >= count for indexes, count in meeting) for at in _starts(notes))


def in_flight(notes: Sequence[Note], indexes: Sequence[int]) -> int:
    """The most of these queries that were in flight at one moment."""
    return max((_going_on(notes, indexes, at) for at in _starts(notes)), default=0)


def _going_on(notes: Sequence[Note], indexes: Sequence[int], moment: float) -> int:
    return sum(note.index in indexes and note.start <= moment < note.end for note in notes)


def _starts(notes: Sequence[Note]) -> list[float]:
    return [note.start for note in notes]


# ----------------------------------------
# A gate at which queries wait for each other


def gate(folder: Path, meetings: Sequence[Meeting]) -> str:
    """Set up a gate in an empty folder.

    A query that belongs to a meeting waits until every group of it has as many queries here as it wants, and passes
    with them. Queries of a meeting that has taken place pass at once. Where more could come than are wanted, those
    that met wait a little longer, so that one too many can show itself.

    A query that never gets company waits ten times as long as Prefect took to bring the first query here, so a slow
    machine gets more time. After one such time-out the gate stays open.

    Returns:
        The text for the environment variable WORKBOOK_GATE.
    """
    more = len(meetings) > 1 or any(len(indexes) > count for meeting in meetings for indexes, count in meeting)
    (folder / "gate.json").write_text(json.dumps({"meetings": meetings, "begun": time.time(), "more": more}))
    return str(folder)


@contextlib.contextmanager
def _at_the_gate(index: int) -> Iterator[None]:
    if not (name := os.environ.get(GATE)):
        yield
        return
    folder = Path(name)
    here = folder / f"in-{index}-{os.getpid()}-{threading.get_ident()}"
    here.touch()
    try:
        rules = json.loads((folder / "gate.json").read_text())
        for number, meeting in enumerate(rules["meetings"]):
            if any(index in indexes for indexes, _ in meeting):
                _wait(folder, number, meeting, rules)
                break
        yield
    finally:
        here.unlink(missing_ok=True)


def _wait(folder: Path, number: int, meeting: Meeting, rules: dict[str, Any]) -> None:
    """Wait for the others. Processes meet here too, so it is done with files, which announce nothing."""
    opened, met, over = folder / "open", folder / f"met-{number}", folder / f"over-{number}"
    took = time.time() - rules["begun"]
    with contextlib.suppress(FileExistsError), (folder / "first").open("x") as first:
        first.write(repr(took))
    took = float((folder / "first").read_text() or took)
    until = time.time() + min(25.0, max(2.0, 10 * took))
    while not (opened.exists() or over.exists()):
        inside = [int(file.name.split("-")[1]) for file in folder.glob("in-*")]
        if met.exists() or all(sum(i in indexes for i in inside) >= count for indexes, count in meeting):
            met.touch()
            if rules["more"]:
                time.sleep(min(2.0, max(0.3, took)))
            over.touch()
        elif time.time() > until:
            opened.touch()
        else:
            time.sleep(0.02)


# ----------------------------------------
# A database that hangs up


@contextlib.contextmanager
def flaky(times: Mapping[int, int]) -> Iterator[None]:
    """Have the database hang up on some queries meanwhile: with `flaky({3: 2})` query 3 succeeds at the third try.

    Args:
        times: how often it hangs up before it answers, by query.
    """
    before = os.environ.get(FLAKY)
    with tempfile.TemporaryDirectory(prefix="workbook-flaky-") as folder:
        os.environ[FLAKY] = hang_ups(times, Path(folder))
        try:
            yield
        finally:
            os.environ.pop(FLAKY) if before is None else os.environ.update({FLAKY: before})


def hang_ups(times: Mapping[int, int], folder: Path) -> str:
    """The text for the environment variable WORKBOOK_FLAKY.

    Args:
        times: how often the database hangs up before it answers, by query.
        folder: an empty folder in which the hang-ups are counted, over all threads and processes.
    """
    return f"{folder}|{','.join(f'{index}:{count}' for index, count in times.items())}"


def _hangs_up(index: int) -> bool:
    folder, _, listed = os.environ.get(FLAKY, "").rpartition("|")
    times = dict(pair.split(":") for pair in listed.split(",") if pair)
    for number in range(int(times.get(str(index), 0))):
        with contextlib.suppress(FileExistsError):
            (Path(folder) / f"{index}-{number}").touch(exist_ok=False)  # who makes the file has that hang-up
            return True
    return False
