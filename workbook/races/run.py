"""The race: the same queries one after another, all at once, under a limit and in batches, and what the records say.

It is the workbook's five-minute demonstration, so it proves every number from Prefect's records of that very run. Its
lanes are the flows of flows/patterns.py as they stand. Prefect is loaded when the race begins, after its server is up.
"""

import contextlib
import math
from typing import TYPE_CHECKING, Any

from workbook.prefect_server import connection
from workbook.races.lanes import Lane, RaceError
from workbook.races.result import Race

if TYPE_CHECKING:
    from prefect import Flow

QUERIES, LIMIT = 20, 3
MOST = 200  # all at once they have a thread and a connection each
CONNECTIONS = 20  # of the warehouse's pool: a limit above it would not be what holds the queries back


def race(
    queries: int = QUERIES, limit: int = LIMIT, seconds: float | None = None, pool: bool = False, show: Any = None
) -> Race:
    """Run the same queries in every pattern, one pattern after the other, and compare how they ran.

    Args:
        queries: how many; above twenty the twenty are asked again.
        limit: how many may run at once, where something holds them back; also the size of a batch.
        seconds: how long the database takes over each; by default as long as each takes by itself.
        pool: whether to run a fifth lane, in which the task runner's workers are the limit.
        show: where to show it meanwhile, as `board.Board`; by default what fits a notebook, a terminal or a log.

    Raises:
        RaceError: it cannot be run as asked.
        ServerError: there is no Prefect server to run it on.
        WarehouseError: there is no database to query.
    """
    queries, limit, seconds = check(queries, limit, seconds)
    connection.ensure(show.say if show else None)
    from flows import patterns, warehouse
    from workbook.prefect_server.limits import borrowed_limit
    from workbook.races import board
    from workbook.runs import logs

    warehouse.prepare()
    indexes = [index % len(warehouse.QUERIES) for index in range(queries)]
    flows = _flows(queries, limit, pool)
    show = show or board.fitting(pool)
    lanes, results = [], []
    # The limit is there from the beginning: Prefect remembers for 5 s that a tag had none (docs/facts.md).
    with borrowed_limit(patterns.TAG, limit), logs.quiet(), show:
        for name, (flow, options) in flows.items():
            lane, result = _run(name, flow, indexes, seconds, limit, options, show)
            lanes.append(lane)
            results += [] if lane.error else [result]
    return Race(tuple(lanes), queries, limit, seconds, same_rows=all(result == results[0] for result in results))


def check(queries: Any, limit: Any, seconds: Any) -> tuple[int, int, float | None]:
    """What was asked for as numbers, from numbers or text.

    Raises:
        RaceError: one of them is not what it must be.
    """
    queries = _whole(queries, "queries", MOST)
    return queries, _whole(limit, "limit", CONNECTIONS), None if seconds is None else _duration(seconds)


def _whole(value: Any, name: str, most: int) -> int:
    with contextlib.suppress(ValueError):
        if not isinstance(value, (bool, float)) and 1 <= int(value) <= most:
            return int(value)
    raise RaceError(f"{name} must be a whole number from 1 to {most} (got {value!r}): try {name}={most // 10}.")


def _duration(value: Any) -> float:
    with contextlib.suppress(ValueError):
        if not isinstance(value, bool) and math.isfinite(number := float(value)) and number > 0:
            return number
    raise RaceError(f"seconds must be a number above 0 (got {value!r}): try seconds=0.5.")


def _flows(queries: int, limit: int, pool: bool) -> "dict[str, tuple[Flow, dict[str, Any]]]":
    """Each lane's flow with its own options, in the order in which they run."""
    from prefect.task_runners import ThreadPoolTaskRunner

    from flows import patterns

    parallel = patterns.parallel_flow
    flows = {
        "sequential": (patterns.sequential_flow, {}),
        "uncontrolled": (parallel if queries <= CONNECTIONS else _with_connections(queries), {}),
        "limited": (patterns.controlled_flow, {}),
        "batched": (patterns.batched_flow, {"batch_size": limit}),
    }
    if pool:
        flows["pool"] = (parallel.with_options(task_runner=ThreadPoolTaskRunner(max_workers=limit)), {})
    return flows


def _with_connections(queries: int) -> "Flow":
    """The parallel pattern with a connection for every query; its own has twenty, for which the others would wait."""
    from prefect import flow, task

    from flows import warehouse

    pool = warehouse.engine(pool_size=queries)

    @task(task_run_name="query-{index}")
    def query(index: int, seconds: float | None) -> list[dict[str, Any]]:
        return warehouse.query(index, seconds=seconds, pool=pool)

    @flow
    def parallel_flow(indexes: list[int], seconds: float | None) -> list[list[dict[str, Any]]]:
        futures = [query.submit(index, seconds) for index in indexes]
        return [future.result() for future in futures]

    return parallel_flow


def _run(
    name: str, flow: "Flow", indexes: list[int], seconds: float | None, limit: int, options: dict[str, Any], show: Any
) -> tuple[Lane, Any]:
    from workbook.runs.observation import observe

    show.begin(name, len(indexes))
    seen = observe(flow, indexes, seconds, live=show.news, **options)
    timeline = seen.timeline
    held, ideal = {
        "sequential": (None, timeline.busy),
        "uncontrolled": (None, timeline.longest),
    }.get(name, (limit, timeline.ideal(limit)))
    error = None if seen.state.is_completed() else str(seen.error or seen.state.message).splitlines()[0].rstrip(".")
    lane = Lane(name, timeline, ideal, held, str(seen.flow_run_id), seen.missing, error)
    show.end(lane)
    return lane, seen.result
