"""What shows how an answer ran: its runs with a record of every query, and where it stood if it did not end.

Everything here reads what the answer's process left behind, in the answer's folder and in Prefect's records.
"""

import linecache
import os
import re
import shutil
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prefect.settings import PREFECT_LOCAL_STORAGE_PATH

from workbook.lessons.gate import in_flight
from workbook.lessons.query_records import QueryRecord
from workbook.prefect_server.limits import read_limit
from workbook.runs.records import Observation, task_runs_of
from workbook.timelines.timeline import Timeline


@dataclass(frozen=True)
class OpaqueValue:
    """Something that an answer returned and that is no plain data; `type` is the name of its class."""

    type: str
    text: str

    def __repr__(self) -> str:  # in a message to the learner
        return self.text


@dataclass(frozen=True)
class Run(Observation):
    """A flow run of an answer.

    Args:
        asked: a record of every query that ran in it.
        limit: that the grader had set.
        held: whether its queries waited for each other at a gate, which takes time that isn't the answer's.
    """

    asked: tuple[QueryRecord, ...] = ()
    limit: int | None = None
    held: bool = False

    @property
    def strangers(self) -> list[QueryRecord]:
        """The queries that ran in threads of which Prefect knows nothing, and that belong to no task run."""
        return [query for query in self.asked if query.task_run_id is None and query.flow_run_id is None]

    def with_queries(self) -> Timeline:
        """The timeline with the queries in its task runs, if one ran several of them, or fewer ran at once than those.

        Otherwise each query fills its task run, and one bar shows both. One that fails does so at once: it fills none.
        """
        ran: dict[str, list[tuple[float, float]]] = {}
        for query in self.asked:
            ran.setdefault(query.task_run_id or "", []).append((query.start, query.end))
        homes = Timeline(tuple(span for span in self.timeline if span.id in ran))
        differs = any(len(ran[span.id]) > span.tries for span in homes)
        if not any(query.error for query in self.asked):
            differs |= in_flight(self.asked, [query.index for query in self.asked]) < homes.peak
        if not differs:
            return self.timeline
        spans = (replace(span, queries=tuple(ran.get(span.id, ()))) for span in self.timeline)
        return replace(self.timeline, spans=tuple(spans))


def decoded(value: Any) -> Any:
    """A result as the answer's process sent it: see `child._encoded`."""
    if isinstance(value, list):
        return [decoded(part) for part in value]
    if isinstance(value, dict):
        if "opaque" in value:
            return OpaqueValue(value["opaque"], value["text"])
        return {_hashable(decoded(key)): decoded(part) for key, part in value["pairs"]}
    return value


def _hashable(key: Any) -> Any:
    """A key of a dict: tuples come as lists."""
    return tuple(_hashable(part) for part in key) if isinstance(key, list) else key


def at_home(records: list[QueryRecord], timeline: Timeline) -> list[QueryRecord]:
    """The records, with the task run of those that ran in threads of which Prefect knows nothing, if there is no doubt.

    An async task may hand its query to a thread that does not carry Prefect's context, as `run_in_executor` does. The
    task run waits for it, so its time encloses the query's. Each such query must find a task run of its own that no
    other query ran in; otherwise nothing is assigned.
    """
    known = {query.task_run_id for query in records}
    lost = [number for number, query in enumerate(records) if query.task_run_id is None and query.flow_run_id is None]
    free = [span for span in timeline if span.id not in known and span.start is not None and span.end is not None]
    around = {n: [s.id for s in free if s.start <= records[n].start and records[n].end <= s.end] for n in lost}
    taken: dict[str, int] = {}

    def place(number: int, tried: set[str]) -> bool:
        for home in around[number]:
            if home not in tried:
                tried.add(home)
                if home not in taken or place(taken[home], tried):
                    taken[home] = number
                    return True
        return False

    if not all(place(number, set()) for number in lost):
        return records
    homes = {number: home for home, number in taken.items()}
    return [replace(query, task_run_id=homes.get(number, query.task_run_id)) for number, query in enumerate(records)]


# ----------------------------------------
# An answer that does not end


def storage() -> list[Path]:
    """The files in which Prefect keeps results of runs."""
    folder = Path(PREFECT_LOCAL_STORAGE_PATH.value())
    return [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []


def clear_storage() -> int:
    """Remove what runs have kept in Prefect's storage: how many files. (The error with which a flow failed is one.)"""
    found = storage()
    shutil.rmtree(PREFECT_LOCAL_STORAGE_PATH.value(), ignore_errors=True)
    return len(found)


def unfinished(folder: Path) -> str:
    """What the records show of the flow run that has not ended: what its task runs wait for."""
    file = folder / "flow_run"
    if not file.is_file():
        return ""
    waiting = [run for run in task_runs_of(file.read_text(encoding="utf-8")) if run.state and not run.state.is_final()]
    for run in waiting:
        if run.state.name == "AwaitingRetry":
            delay = run.empirical_policy.retry_delay
            return f" {run.name} waits for its next try: its retry delay is {delay} s, and 0.1 s is enough here."
    if held := [run for run in waiting if run.state.is_pending()]:
        for tag in sorted({tag for run in held for tag in run.tags}):
            if (found := read_limit(tag)) and found.active_slots >= found.limit:
                waits = f"{len(held)} of its task runs {'waits' if len(held) == 1 else 'wait'}"
                slots = "the only one is" if found.limit == 1 else f"all {found.limit} are"
                return (
                    f" {waits} for a slot of the limit on {tag!r}, and {slots} taken: does a task that holds a slot "
                    "wait for one that needs it?"
                )
    names = ", ".join(run.name for run in waiting[:4])
    return f" These task runs had not ended: {names}." if names else ""


def stacks(folder: Path, pid: int, files: Collection[str]) -> tuple[list[str], bool]:
    """The learner's own line that each thread of the answer is in, and whether one is in nothing deeper.

    Args:
        folder: the answer's.
        pid: of its process, which writes its stacks to a file there on a signal.
        files: those that hold the answer's code.
    """
    if not hasattr(signal, "SIGUSR1"):
        return [], True
    file = folder / "stacks.txt"
    os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + 3
    while time.monotonic() < until and "Current thread" not in _text_of(file):
        time.sleep(0.02)
    time.sleep(0.1)  # the dump has no end that could be awaited
    found: dict[str, bool] = {}
    for thread in _text_of(file).split("\n\n"):
        frames = re.findall(r'File "(.*)", line (\d+) in (.*)', thread)
        for depth, (name, line, function) in enumerate(frames):
            if name in files:
                text = linecache.getline(name, int(line)).strip()
                found[f"line {line} in {function}" + (f", `{text}`" if text else "")] = depth == 0
                break
    return list(found), any(found.values())


def _text_of(file: Path) -> str:
    """A file's text; nothing if the answer has removed it."""
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
