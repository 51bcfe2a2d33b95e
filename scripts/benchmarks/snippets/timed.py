"""The query that every snippet runs: one of the twenty, whose start and end are added to a shared file."""

import json
import os
import time
from pathlib import Path

from flows import warehouse

TWENTY = [query.index for query in warehouse.QUERIES]
MEET_SECONDS = 60


def query(index: int) -> list[dict]:
    start = time.time()
    _note("begun.jsonl", {"index": index, "start": start})
    rows = warehouse.query(index)
    line = {"index": index, "start": start, "end": time.time(), "by": os.environ.get("BENCHMARK_LABEL", "")}
    _note(Path(os.environ["BENCHMARK_INTERVALS"]).name, line)
    return rows


def _note(file: str, line: dict) -> None:
    with Path(os.environ["BENCHMARK_INTERVALS"]).with_name(file).open("ab", buffering=0) as notes:
        notes.write(json.dumps(line).encode() + b"\n")  # one short write in append mode: processes don't mix lines


def meet(how_many: int) -> None:
    """Wait, as this is imported, until so many programs have got here: two processes are to run at the same time."""
    intervals = Path(os.environ["BENCHMARK_INTERVALS"])
    intervals.with_name(f"{intervals.name}.{os.environ['BENCHMARK_LABEL']}").touch()
    until = time.monotonic() + MEET_SECONDS
    while len(list(intervals.parent.glob(f"{intervals.name}.*"))) < how_many:
        if time.monotonic() > until:
            raise SystemExit(f"The other program had not started after {MEET_SECONDS} s.")
        time.sleep(0.01)  # between two looks at a file; nothing announces it


if "BENCHMARK_TOGETHER" in os.environ:
    meet(int(os.environ["BENCHMARK_TOGETHER"]))
