"""The work that exercises give to a learner's tasks: real queries, each of which leaves a note of where it was asked.

A grader reads the notes beside Prefect's records. So it knows a query that was asked inside a task run from one that
was asked beside all of them, and a task that only slept from one that worked.
"""

import contextlib
import functools
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from prefect.runtime import task_run

from flows import warehouse

NOTES = "WORKBOOK_NOTES"  # the environment variable that names the file for the notes; without it none is made
FLAKY = "WORKBOOK_FLAKY"  # … that names queries on which the database hangs up: the text that `hang_ups` makes


@dataclass(frozen=True)
class Note:
    """One query that was asked: which, for how long, in which task run (None: in none), and when, since 1970."""

    index: int
    seconds: float
    task_run_id: str | None
    start: float
    end: float
    ok: bool


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
    start, ok, wanted = time.time(), False, 0.0
    try:
        if index not in range(len(warehouse.QUERIES)):
            raise LookupError(f"there is no query {index}: they are 0 to {len(warehouse.QUERIES) - 1}")
        wanted = warehouse.QUERIES[index].seconds * warehouse.time_scale() if seconds is None else seconds
        if _hangs_up(index):
            raise warehouse.QueryFailed(f"The database hung up on query {index}.")
        _prepared(str(warehouse.url()))
        rows = warehouse.query(index, seconds=wanted)
        ok = True
        return rows
    finally:
        note(Note(index, wanted, task_run.id and str(task_run.id), start, time.time(), ok))


@functools.cache
def _prepared(database: str) -> None:
    """Build the database at the first query that finds none."""
    warehouse.prepare()


def note(made: Note) -> None:
    """Add a note to the file that the environment names, if it names one."""
    if file := os.environ.get(NOTES):
        with Path(file).open("a") as notes:
            notes.write(json.dumps(asdict(made)) + "\n")  # one short write: notes of several threads do not mix


def read_notes(file: Path) -> list[Note]:
    """The notes in a file, in the order in which their queries ended; none if there is no such file."""
    if not file.exists():
        return []
    return [Note(**json.loads(line)) for line in file.read_text().splitlines()]


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
