"""A gate at which the queries of an answer wait for each other, so that its verdict does not depend on speed."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbook.lessons.query_records import QueryRecord

GATE = "WORKBOOK_GATE"  # the environment variable that names the folder of a gate; without it no query waits

Group = tuple[Sequence[int], int]  # queries, and how many of them should be in flight together
Meeting = Sequence[Group]  # groups that should reach their counts at the same moment


def together(records: Sequence[QueryRecord], meeting: Meeting) -> bool:
    """Whether there was a moment at which each group of a meeting had as many queries in flight as it wants."""
    return any(all(_going_on(records, indexes, at) >= count for indexes, count in meeting) for at in _starts(records))


def in_flight(records: Sequence[QueryRecord], indexes: Sequence[int]) -> int:
    """The most of these queries that were in flight at one moment."""
    return max((_going_on(records, indexes, at) for at in _starts(records)), default=0)


def _going_on(records: Sequence[QueryRecord], indexes: Sequence[int], moment: float) -> int:
    return sum(query.index in indexes and query.start <= moment < query.end for query in records)


def _starts(records: Sequence[QueryRecord]) -> list[float]:
    return [query.start for query in records]


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
    (folder / "gate.json").write_text(
        json.dumps({"meetings": meetings, "begun": time.time(), "more": more}), encoding="utf-8"
    )
    return str(folder)


@contextlib.contextmanager
def at_the_gate(index: int) -> Iterator[None]:
    if not (name := os.environ.get(GATE)):
        yield
        return
    folder = Path(name)
    here = folder / f"in-{index}-{os.getpid()}-{threading.get_ident()}"
    here.touch()
    try:
        rules = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
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
    with contextlib.suppress(FileExistsError), (folder / "first").open("x", encoding="utf-8") as first:
        first.write(repr(took))
    took = float((folder / "first").read_text(encoding="utf-8") or took)
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
