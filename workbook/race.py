"""The race: the same queries one after another, all at once, under a limit and in batches, and what the records say.

It is the workbook's five-minute demonstration, so it proves every number from Prefect's records of that very run. Its
lanes are the flows of flows/patterns.py as they stand. Prefect is loaded when the race begins, after its server is up.
"""

import contextlib
import html
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbook import server
from workbook.diagnosis import Finding, diagnose, explain
from workbook.timeline import Timeline

if TYPE_CHECKING:
    from prefect import Flow
    from rich.console import Group

    from workbook.plots import Picture

QUERIES, LIMIT = 20, 3
MOST = 200  # all at once they have a thread and a connection each
CONNECTIONS = 20  # of the warehouse's pool: a limit above it would not be what holds the queries back


class RaceError(Exception):
    """The race cannot be run as asked; the message is one sentence with its remedy."""


@dataclass(frozen=True)
class Lane:
    """One pattern of the race, and how it ran.

    Args:
        name: the pattern.
        timeline: its queries, from Prefect's records.
        ideal: the seconds that this pattern would take for these queries if nothing but they took time.
        limit: how many may run at once, if something holds them back.
        flow_run_id: the id of its flow run.
        missing: how many records never came.
        error: why it did not complete, if it did not.
    """

    name: str
    timeline: Timeline = field(repr=False)
    ideal: float
    limit: int | None
    flow_run_id: str
    missing: int = 0
    error: str | None = None

    @property
    def ratio(self) -> float:
        """The makespan as a multiple of this pattern's ideal; infinite if there was no work."""
        return self.timeline.makespan / self.ideal if self.ideal else math.inf

    @cached_property
    def findings(self) -> list[Finding]:
        return diagnose(self.timeline, self.limit)

    @property
    def idle(self) -> float:
        """Slot-seconds in which a slot idled because its batch had not ended."""
        return sum(finding.seconds for finding in self.findings if finding.code == "batch-barriers")

    @property
    def diagnosis(self) -> str:
        """What there is to say about how it ran, in words."""
        unproven = f"The records of {self.missing} task runs never came. " if self.missing else ""
        failed = f"It did not complete: {self.error}. " if self.error else ""
        return failed + unproven + explain(self.timeline, self.limit).replace("\n", " ")

    def to_record(self) -> dict[str, Any]:
        """All of it as plain JSON types."""
        return {
            "pattern": self.name,
            "seconds": self.timeline.makespan,
            "ideal": self.ideal,
            "ratio": self.ratio if math.isfinite(self.ratio) else None,
            "peak": self.timeline.peak,
            "idle_at_barriers": self.idle,
            "limit": self.limit,
            "flow_run_id": self.flow_run_id,
            "missing": self.missing,
            "error": self.error,
            "findings": [asdict(finding) for finding in self.findings],
            "timeline": json.loads(self.timeline.to_json()),
        }


@dataclass(frozen=True, eq=False)
class Race:
    """A race that has been run: `print` gives it as text, a notebook shows its figure and table.

    `same_rows` says whether every lane that completed returned the same rows in the same order.
    """

    lanes: tuple[Lane, ...]
    queries: int
    limit: int
    seconds: float | None
    same_rows: bool

    @property
    def timelines(self) -> dict[str, Timeline]:
        return {lane.name: lane.timeline for lane in self.lanes}

    @property
    def errors(self) -> list[str]:
        """What went wrong in which lane, in sentences; empty if all went well."""
        failed = [f"The {lane.name} lane did not complete: {lane.error}." for lane in self.lanes if lane.error]
        return failed if self.same_rows else [*failed, "The lanes returned different rows."]

    @cached_property
    def picture(self) -> "Picture":
        """The lanes under each other over one time axis."""
        from workbook.plots import comparison
        from workbook.textplot import seconds

        took = ", ".join(f"{lane.name} {seconds(lane.timeline.makespan)}" for lane in self.lanes)
        limits = {lane.name: lane.limit for lane in self.lanes if lane.limit is not None and lane.name != "batched"}
        return comparison(self.timelines, limits, f"The same {self.queries} queries: {took}")

    @property
    def table(self) -> "Group":
        """The table and the diagnosis of each lane, for `rich.print`."""
        from workbook import scoreboard

        return scoreboard.report(self)

    @property
    def text(self) -> str:
        """The table and the diagnosis of each lane, 100 columns wide."""
        from workbook import scoreboard

        return scoreboard.as_text(self)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        figure = self.picture._repr_mimebundle_()["text/html"]
        return {"text/html": f"{figure}<pre>{html.escape(self.text)}</pre>", "text/plain": self.text}

    def to_json(self) -> str:
        """The whole race as JSON text, every task run included."""
        head = {name: getattr(self, name) for name in ("queries", "limit", "seconds", "same_rows")}
        return json.dumps({**head, "lanes": [lane.to_record() for lane in self.lanes]}, allow_nan=False)


# ----------------------------------------
# Running it


def race(
    queries: int = QUERIES, limit: int = LIMIT, seconds: float | None = None, pool: bool = False, show: Any = None
) -> Race:
    """Run the same queries in every pattern, one pattern after the other, and compare how they ran.

    Args:
        queries: how many; above twenty the twenty are asked again.
        limit: how many may run at once, where something holds them back; also the size of a batch.
        seconds: how long the database takes over each; by default as long as each takes by itself.
        pool: whether to run a fifth lane, in which the task runner's workers are the limit.
        show: where to show it meanwhile, as `scoreboard.Board`; by default lines of text.

    Raises:
        RaceError: it cannot be run as asked.
        ServerError: there is no Prefect server to run it on.
        WarehouseError: there is no database to query.
    """
    queries, limit, seconds = check(queries, limit, seconds)
    server.ensure(show.say if show else None)
    from flows import patterns, warehouse
    from workbook import scoreboard
    from workbook.limits import borrowed_limit

    warehouse.prepare()
    indexes = [index % len(warehouse.QUERIES) for index in range(queries)]
    flows = _flows(queries, limit, pool)
    show = show or scoreboard.Lines()
    lanes, results = [], []
    # The limit is there from the beginning: Prefect remembers for 5 s that a tag had none (PREFECT_FACTS.md).
    with borrowed_limit(patterns.TAG, limit), _quiet(), show:
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
    raise RaceError(f"{name} must be a whole number from 1 to {most}, and {value!r} is not: try {name}={most // 10}.")


def _duration(value: Any) -> float:
    with contextlib.suppress(ValueError):
        if not isinstance(value, bool) and math.isfinite(number := float(value)) and number > 0:
            return number
    raise RaceError(f"seconds must be a number above 0, and {value!r} is not: try seconds=0.5.")


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
    from workbook.observe import observe

    show.begin(name, len(indexes))
    seen = observe(flow, indexes, seconds, live=show.news, **options)
    timeline = seen.timeline
    held, ideal = {
        "sequential": (None, timeline.busy),
        "uncontrolled": (None, timeline.longest),
        "batched": (limit, _sum_of_slowest(timeline, limit)),
    }.get(name, (limit, timeline.ideal(limit)))
    error = None if seen.state.is_completed() else str(seen.error or seen.state.message).splitlines()[0].rstrip(".")
    lane = Lane(name, timeline, ideal, held, str(seen.flow_run_id), seen.missing, error)
    show.end(lane)
    return lane, seen.result


def _sum_of_slowest(timeline: Timeline, size: int) -> float:
    """Seconds that the batches take one after the other, each as long as its slowest."""
    spans = sorted(timeline, key=lambda span: span.index)  # a batch is created when the one before has ended
    batches = [Timeline(tuple(spans[begin : begin + size])) for begin in range(0, len(spans), size)]
    return math.fsum(batch.longest for batch in batches)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Prefect's lines for each task run out of the terminal: the lane shows them, and the server has them.

    The loggers stay as they are, since the count of finished tasks rests on them.
    """
    import logging

    from prefect.logging.handlers import PrefectConsoleHandler

    loggers = [logging.getLogger(name) for name in ("prefect", None)]
    consoles = [h for logger in loggers for h in logger.handlers if isinstance(h, PrefectConsoleHandler)]
    levels = [handler.level for handler in consoles]
    for handler in consoles:
        handler.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for handler, level in zip(consoles, levels, strict=True):
            handler.setLevel(level)
