"""The four ways to run twenty queries, each short enough to copy into a project of your own.

    python flows/patterns.py              # all four, one after another
    python flows/patterns.py controlled   # or one of: sequential, parallel, controlled, batched

All four return the same: the rows of every query, in the order of `indexes`. They differ in how many queries run at
once, and in who decides that.
"""

if __name__ == "__main__":  # Prefect reads its settings when it is imported, so the server comes first
    try:
        from workbook import server
    except ModuleNotFoundError as error:
        raise SystemExit(f"Error: {error}. Install as README.md says, and run this with .venv's Python.") from None
    server.ensure_or_exit()

import sys
from collections.abc import Sequence
from typing import Any

from prefect import flow, get_run_logger, task
from pydantic import PositiveInt

from flows import warehouse

TWENTY = tuple(query.index for query in warehouse.QUERIES)
TAG, LIMIT = "database", 3

Rows = list[dict[str, Any]]


@task(task_run_name="query-{index}")
def query(index: int, seconds: float | None = None) -> Rows:
    """Run one of the twenty queries; `seconds` overrides how long it takes."""
    return warehouse.query(index, seconds=seconds)


# ----------------------------------------
# Pattern 1: sequential


@task(task_run_name="query-{index}")
def query_after(results: list[Rows], index: int, seconds: float | None = None) -> list[Rows]:
    """Add one query's rows to the results of all before it."""
    return [*results, warehouse.query(index, seconds=seconds)]


@flow
def sequential_flow(indexes: Sequence[int] = TWENTY, seconds: float | None = None) -> list[Rows]:
    """Each task is given the result of the one before, so it cannot begin earlier.

    Use when: tasks depend on each other.
    """
    results: list[Rows] = []
    for index in indexes:
        results = query_after(results, index, seconds)
    return results


# ----------------------------------------
# Pattern 2: parallel, uncontrolled


@flow
def parallel_flow(indexes: Sequence[int] = TWENTY, seconds: float | None = None) -> list[Rows]:
    """Submit all, then collect: all run at once, however many there are.

    Use when: tasks are independent, and the system can bear all of them at once.
    """
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# ----------------------------------------
# Pattern 3: parallel, under the server's limit


@task(tags=[TAG], task_run_name="query-{index}")
def database_query(index: int, seconds: float | None = None) -> Rows:
    """The same query with a tag: the server lets no more of them run at once than the tag's limit allows."""
    return warehouse.query(index, seconds=seconds)


@flow
def controlled_flow(indexes: Sequence[int] = TWENTY, seconds: float | None = None) -> list[Rows]:
    """Submit all, then collect, as in pattern 2; the limit on the tag `database` decides how many run at once.

    The limit is the server's: it holds over all flows and machines, and is changed without touching the code. Without
    one the tag means nothing, so create it first: `python scripts/setup_concurrency_limit.py`.

    Use when: what the tasks share bears only so many at once, as a database its connections.
    """
    futures = [database_query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


# ----------------------------------------
# Pattern 4: parallel, in batches


@flow
def batched_flow(
    indexes: Sequence[int] = TWENTY, seconds: float | None = None, batch_size: PositiveInt = LIMIT
) -> list[Rows]:
    """A batch begins when all of the one before have ended, so every batch takes as long as its slowest task.

    Use when: something is to be done between batches, as to save a checkpoint or report progress.
    """
    results: list[Rows] = []
    for begin in range(0, len(indexes), batch_size):
        futures = [query.submit(index, seconds) for index in indexes[begin : begin + batch_size]]
        results += [future.result() for future in futures]
        get_run_logger().info("%d of %d queries done", len(results), len(indexes))
    return results


PATTERNS = {
    "sequential": sequential_flow,
    "parallel": parallel_flow,
    "controlled": controlled_flow,
    "batched": batched_flow,
}


def main(names: list[str]) -> None:
    """Run the patterns of these names, or all, and say in a line for each how it ran."""
    from workbook import observe
    from workbook.prefect_server.limits import ensure_limit, read_limit

    if unknown := [name for name in names if name not in PATTERNS]:
        sys.exit(f"Error: there is no pattern {unknown[0]!r}: name any of {', '.join(PATTERNS)}, or none for all.")
    try:
        warehouse.prepare()
    except warehouse.WarehouseError as error:
        sys.exit(f"Error: {error}")
    if read_limit(TAG) is None:
        ensure_limit(TAG, LIMIT)
    at_once = {"sequential": 1, "parallel": len(TWENTY), "controlled": read_limit(TAG).limit, "batched": LIMIT}
    summaries = []
    for name in names or PATTERNS:
        seen = observe(PATTERNS[name])
        summaries.append(f"{name:11} {seen.summary(at_once[name])}")
        if not seen.state.is_completed():
            sys.exit(f"Error: {seen.error or seen.state.message}")
    print("", *summaries, sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
