"""The query that every snippet runs: one of the twenty, whose start and end are added to a shared file."""

import json
import os
import time

from flows import warehouse

TWENTY = [query.index for query in warehouse.QUERIES]


def query(index: int) -> list[dict]:
    start = time.time()
    rows = warehouse.query(index)
    line = {"index": index, "start": start, "end": time.time(), "by": os.environ.get("BENCHMARK_LABEL", "")}
    with open(os.environ["BENCHMARK_INTERVALS"], "ab", buffering=0) as file:  # noqa: PTH123
        file.write(json.dumps(line).encode() + b"\n")  # one short write in append mode: processes don't mix lines
    return rows
