"""The queries that exercises give to a learner's tasks: real ones, each of which records where it ran.

While an answer is graded, they also wait for each other at a gate.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from prefect.runtime import flow_run, task_run

from flows import warehouse
from workbook.lessons.gate import at_the_gate
from workbook.lessons.query_records import QueryRecord, record

FLAKY = "WORKBOOK_FLAKY"  # the environment variable that holds the text which `failures_of` makes


def ask(index: int, seconds: float | None = None) -> list[dict[str, Any]]:
    """Ask the shop's database one of the twenty questions, and wait for its answer.

    Args:
        index: which question, 0 to 19 (`flows/sql/` has them).
        seconds: how long the database takes over it; by default as long as that question usually takes.

    Returns:
        The rows.

    Raises:
        TypeError: the arguments are no numbers. Then nothing is recorded: no question was asked.
        LookupError: there is no question of that number.
        flows.warehouse.WarehouseError: the database failed (see `flaky`).
    """
    if not isinstance(index, Integral):
        got = repr(index)
        got = got if len(got) <= 60 else f"{got[:59]}…"
        raise TypeError(f"ask() takes the number of one query, and got {got}")
    if not isinstance(seconds, Real | None):
        raise TypeError(f"ask() takes seconds as a number, and got {seconds!r}")
    index, start, wanted, error = int(index), time.time(), 0.0, ""
    try:
        if index not in range(len(warehouse.QUERIES)):
            with at_the_gate(index):
                last = len(warehouse.QUERIES) - 1
                raise LookupError(f"there is no query {index}: query numbers go from 0 to {last}")
        wanted = warehouse.QUERIES[index].seconds * warehouse.time_scale() if seconds is None else float(seconds)
        if _fails(index):
            raise warehouse.QueryFailed(f"The database failed on query {index}.")
        with at_the_gate(index):
            return warehouse.query(index, seconds=wanted)
    except BaseException as raised:
        error = f"{type(raised).__name__}: {raised}"
        raise
    finally:
        home = (found and str(found) for found in (task_run.id, flow_run.id))
        record(QueryRecord(index, wanted, *home, start, time.time(), error))


# ----------------------------------------
# A database that fails


@contextlib.contextmanager
def flaky(times: Mapping[int, int]) -> Iterator[None]:
    """Have the database fail on some queries in this block: with `flaky({3: 2})` query 3 succeeds at the third try.

    Args:
        times: how often it fails before it answers, by query.
    """
    before = os.environ.get(FLAKY)
    with tempfile.TemporaryDirectory(prefix="workbook-flaky-") as folder:
        os.environ[FLAKY] = failures_of(times, Path(folder))
        try:
            yield
        finally:
            os.environ.pop(FLAKY) if before is None else os.environ.update({FLAKY: before})


def failures_of(times: Mapping[int, int], folder: Path) -> str:
    """The text for the environment variable WORKBOOK_FLAKY.

    Args:
        times: how often the database fails before it answers, by query.
        folder: an empty folder in which the failures are counted, over all threads and processes.
    """
    return f"{folder}|{','.join(f'{index}:{count}' for index, count in times.items())}"


def _fails(index: int) -> bool:
    folder, _, listed = os.environ.get(FLAKY, "").rpartition("|")
    times = dict(pair.split(":") for pair in listed.split(",") if pair)
    for number in range(int(times.get(str(index), 0))):
        with contextlib.suppress(FileExistsError):
            (Path(folder) / f"{index}-{number}").touch(exist_ok=False)  # who makes the file has that hang-up
            return True
    return False
