"""Run a flow and come back with its result, its state and how it ran, from Prefect's own records.

The truth about a run is what the Prefect server holds of its task runs. Those records arrive a little later than the
run ends (measured: 0.1-0.4 s for 20 tasks, 39 s for 400), so they are read until all are there.
"""

import asyncio
import contextlib
import contextvars
import logging
import queue
import re
import threading
import time
import warnings
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.server import ServerError
from workbook.timeline import Span, Timeline

if TYPE_CHECKING:
    from workbook.plots import Picture

PAGE = 200  # the most that the API gives at once
PATIENCE = 20.0  # seconds without any news after which records count as missing
SETTLE = 2.0  # seconds without news after which a run of unknown size counts as complete
LOOK = 0.3  # seconds between two looks at a run that goes on


@dataclass(frozen=True)
class Observation:
    """One flow run, looked at after the fact.

    `missing` counts task runs that are known to have run but whose records never came; they are not in the timeline.
    """

    flow_run_id: UUID
    name: str
    state: State
    timeline: Timeline
    result: Any = field(default=None, repr=False)
    error: BaseException | None = None
    missing: int = 0

    def summary(self, limit: int | None = None) -> str:
        """What ran, in a few words: how many task runs, how long, how many at once.

        Args:
            limit: the number of task runs that may run at once; with it, the ideal makespan is given too.
        """
        t = self.timeline
        parts = [f"{len(t)} task runs in {t.makespan:.1f} s", f"at most {t.peak} at once"]
        if limit is not None:
            parts.insert(1, f"ideal {t.ideal(limit):.1f} s")
        if self.missing:
            parts.append(f"the records of {self.missing} more never came")
        return f"{self.name}: {', '.join(parts)}; {self.state.name}"

    def plot(
        self,
        limit: int | None = None,
        title: str | None = None,
        prediction: tuple[float | None, int | None] | None = None,
    ) -> "Picture":
        """The figure of this run: a bar for each task run, and how many ran at once.

        Args:
            limit: how many task runs may run at once, if there is a limit.
            title: the finding; by default it is made of the measured numbers.
            prediction: what was expected, as seconds from the first start to the last end and the most at once.

        Raises:
            ValueError: the limit is not a positive whole number.
        """
        from workbook.plots import picture  # matplotlib takes a second to load, and most runs are not drawn

        return picture(self.timeline, limit, title, prediction)


def observe(
    flow: Flow,
    *args: Any,
    patience: float = PATIENCE,
    live: Callable[[Timeline], None] | None = None,
    **kwargs: Any,
) -> Observation:
    """Run a flow, sync or async, from a script or a notebook, and look at how it ran.

    The flow runs as if it had been called; one that raises is an observation too.

    Args:
        flow: the flow to run, with its arguments after it.
        patience: seconds to wait for late records since the last one came.
        live: called a few times a second, in a thread of its own, with the run as it stands, and at the end with all
            of it: a figure that is drawn again in the notebook is `live=plots.live(limit=3)`.

    Raises:
        TypeError: what was given is no flow, or the arguments do not fit it.
        ServerError: no Prefect server has been named.
    """
    if not isinstance(flow, Flow):
        raise TypeError(f"observe() runs a flow, and this is a {type(flow).__name__}: put @flow above the function.")
    if not PREFECT_API_URL.value():
        raise ServerError("No Prefect server is named: call workbook.server.ensure() before `import prefect`.")
    with _following(live):
        ran = run(flow, *args, **kwargs)
    found, timeline, missing = _read(ran.flow_run_id, patience, ran.settle, ran.finished)
    if live:
        getattr(live, "finish", live)(timeline)
    error = ran.error
    return Observation(ran.flow_run_id, found.name, ran.state, timeline, None if error else ran.result, error, missing)


def observe_run(
    flow_run_id: UUID | str,
    patience: float = PATIENCE,
    settle: float = SETTLE,
    finished: dict[str, str] | None = None,
) -> Observation:
    """Look at a flow run that happened elsewhere, on the server that the environment names.

    A run that is still going is given as it stands, without waiting. Its result stays where it ran: `result` is None.

    Args:
        flow_run_id: the id that Prefect gave the flow run.
        patience: seconds to wait for late records since the last one came.
        settle: seconds without news after which a run of unknown size counts as complete.
        finished: task runs known to have finished, as {task run id: flow run id}, whose records are waited for.

    Raises:
        ServerError: the id is no id, or the server holds no such run.
    """
    try:
        run_id = UUID(str(flow_run_id))
    except ValueError:
        raise ServerError(
            f"{flow_run_id!r} is not a flow run id: copy it from the run's page in the web UI, or from "
            "`prefect flow-run ls`."
        ) from None
    found, timeline, missing = _read(run_id, patience, settle, finished or {})
    return Observation(run_id, found.name, found.state, timeline, missing=missing)


def task_runs_of(flow_run_id: UUID | str) -> list[TaskRun]:
    """Prefect's records of the task runs of a flow run and its subflows, as they stand.

    Raises:
        ServerError: the server holds no such run.
    """
    with get_client(sync_client=True) as client:
        return _task_runs(client, [found.id for found in family(client, UUID(str(flow_run_id)))])


# ----------------------------------------
# Reading the records


def _read(run_id: UUID, patience: float, settle: float, expected: dict[str, str]) -> tuple[FlowRun, Timeline, int]:
    """Read a run and its subflows until all is there: the run has ended, as has every task run known of it.

    Args:
        expected: task runs seen to finish, as {task run id: flow run id}.
        settle: seconds without news that prove there is nothing more, for when `expected` may not be everything.

    Returns:
        The flow run, its timeline, and how many expected task runs have no finished record.
    """
    with get_client(sync_client=True) as client:
        news, seen = time.monotonic(), None
        while True:
            looked = time.monotonic()
            runs = family(client, run_id)
            tasks = {t.id: t for t in _task_runs(client, [f.id for f in runs])}
            ended = {str(t.id) for t in tasks.values() if t.state and _has_ended(t, str(t.id) in expected)}
            mine = {str(f.id) for f in runs}
            missing = {task for task, flow in expected.items() if flow in mine} - ended
            if seen != (seen := (len(tasks), len(ended))):
                news = time.monotonic()
            quiet = time.monotonic() - news
            if not runs[0].state.is_final() and not expected:
                break  # still going elsewhere: this is how it stands
            if not missing and len(ended) == len(tasks) and quiet >= settle:
                break
            if quiet >= patience:
                break
            # The API announces nothing, and a look takes the server from the records that it waits for: half the time.
            time.sleep(max(0.05, time.monotonic() - looked))
    return runs[0], _timeline(runs, list(tasks.values())), len(missing - {str(i) for i in tasks})


def _has_ended(task: TaskRun, finished: bool) -> bool:
    """Whether this record is the last one of its task run; `finished`: it was seen to finish."""
    if task.state.is_final() or task.start_time:
        return task.state.is_final()
    # One that never starts stays Pending: what it waited for failed (it finishes as NotReady), or no slot came.
    return task.state.name == "NotReady" or not finished


def family(client: SyncPrefectClient, run_id: UUID) -> list[FlowRun]:
    """The flow run and all its subflow runs, however deep."""
    from prefect.exceptions import ObjectNotFound

    try:
        runs = [client.read_flow_run(run_id)]
    except ObjectNotFound:
        raise ServerError(
            f"The server at {client.api_url} holds no flow run {run_id}: check the id, and PREFECT_API_URL (the "
            "workbook's own server forgets its runs when it stops)."
        ) from None
    generation = [runs[0].id]
    while generation:
        wanted = FlowRunFilter(parent_flow_run_id={"any_": generation})
        children = _pages(lambda offset, wanted=wanted: client.read_flow_runs(
            flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=offset))  # fmt: skip
        runs += children
        generation = [child.id for child in children]
    return runs


def _task_runs(client: SyncPrefectClient, flow_run_ids: list[UUID]) -> list[TaskRun]:
    """The task runs of these flow runs, without those that only stand for a subflow."""
    wanted = FlowRunFilter(id={"any_": flow_run_ids})
    runs = _pages(lambda offset: client.read_task_runs(
        flow_run_filter=wanted, sort=TaskRunSort.EXPECTED_START_TIME_ASC, limit=PAGE, offset=offset))  # fmt: skip
    return [run for run in runs if not (run.state and run.state.state_details.child_flow_run_id)]


def _pages(read: Callable[[int], list]) -> list:
    found: dict[UUID, Any] = {}  # a record that arrives between two pages may show an old one again
    offset = 0
    while page := read(offset):
        found |= {item.id: item for item in page}
        offset += len(page)
        if len(page) < PAGE:
            break
    return list(found.values())


def _timeline(family: list[FlowRun], tasks: list[TaskRun]) -> Timeline:
    root = family[0]
    created = sorted(tasks, key=lambda t: (t.expected_start_time or t.created, str(t.id)))
    # Prefect ends a flow run when its function returns, and then waits for tasks that nobody collected.
    end = _seconds(root.end_time)
    return Timeline(
        tuple(_span(task, index) for index, task in enumerate(created)),
        begin=_seconds(root.start_time),
        end=end,
        returned=end,
        until=None if end else time.time(),
    )


def _span(task: TaskRun, index: int) -> Span:
    return Span(
        name=task.name,
        index=index,
        created=_seconds(task.expected_start_time or task.created),  # read: creation, as the client saw it
        start=_seconds(task.start_time),
        end=_seconds(task.end_time) if task.start_time else None,
        state=task.state.type.value if task.state else "PENDING",
        tags=frozenset(task.tags),
        task=re.sub(r"-[0-9a-f]{8}$", "", task.task_key).rpartition(".")[2],
        id=str(task.id),
        parents=frozenset(
            str(source.id) for inputs in task.task_inputs.values() for source in inputs if hasattr(source, "id")
        ),
    )


def _seconds(moment: Any) -> float | None:
    return None if moment is None else moment.timestamp()


# ----------------------------------------
# Running


@dataclass(frozen=True)
class Ran:
    """A flow that has just run in this process, before its records are read.

    `finished` are the task runs seen to finish, and `settle` the seconds of quiet that prove there were no others.
    """

    state: State
    result: Any
    finished: dict[str, str]
    settle: float

    @property
    def flow_run_id(self) -> UUID:
        return self.state.state_details.flow_run_id

    @property
    def error(self) -> BaseException | None:
        failed = isinstance(self.result, BaseException) and not self.state.is_completed()
        return self.result if failed else None


def run(flow: Flow, *args: Any, **kwargs: Any) -> Ran:
    """Run a flow, sync or async, from a script or a notebook, as if it had been called; it may raise."""
    with _names_of_finished_tasks() as finished:
        if flow.isasync:
            state = _in_own_loop(lambda: flow(*args, return_state=True, **kwargs))
        else:
            state = flow(*args, return_state=True, **kwargs)
    counted = logging.getLogger("prefect.task_runs").isEnabledFor(logging.INFO)
    in_this_process = isinstance(flow.task_runner, ThreadPoolTaskRunner)
    result = _in_own_loop(lambda: state.aresult(raise_on_failure=False))
    return Ran(state, result, finished, settle=0.0 if counted and in_this_process else SETTLE)


@contextlib.contextmanager
def _names_of_finished_tasks() -> Iterator[dict[str, str]]:
    """The task runs that finish in this process meanwhile: {task run id: flow run id}.

    Prefect logs "Finished in state …" for every task run, with both ids on the log record. Listening to that leaves
    flow and tasks as they are, and tells how many records there must be.
    """
    finished: dict[str, str] = {}

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said = record.getMessage()
            if said.startswith("Finished in state Pending"):
                return  # it was refused a slot (a limit of 0), and its record stays as it is
            if said.startswith("Finished in state") and getattr(record, "flow_run_id", None):
                finished[record.task_run_id] = record.flow_run_id

    listener, logger = Listener(level=logging.INFO), logging.getLogger("prefect.task_runs")
    logger.addHandler(listener)
    try:
        yield finished
    finally:
        logger.removeHandler(listener)


def _in_own_loop(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end, also where an event loop already runs, as it does in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(contextvars.copy_context().run, lambda: asyncio.run(make())).result()


# ----------------------------------------
# Following a run that goes on

_followed: contextvars.ContextVar[object] = contextvars.ContextVar("followed", default=None)


@contextlib.contextmanager
def _following(live: Callable[[Timeline], None] | None) -> Iterator[None]:
    """Show `live` the flow run that begins in this block, from its records, until the block ends.

    What goes wrong in there is a warning: it must not cost the run that it only looks at.
    """
    if live is None:
        yield
        return
    begun: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
    over = threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="follower") as pool:
        follower = pool.submit(contextvars.copy_context().run, _follow, live, begun, over)
        try:
            with first_flow_run(begun):
                yield
        finally:
            over.set()
            begun.put(None)  # in case none began
    if error := follower.exception():
        warnings.warn(f"The live picture stopped early ({type(error).__name__}: {error}).", stacklevel=4)


@contextlib.contextmanager
def first_flow_run(begun: queue.SimpleQueue) -> Iterator[None]:
    """Put the id of the flow run that this block begins; those of its subflows come after it, and of others not at all.

    Prefect logs "Beginning flow run …" with the id on the log record, in the context of the caller.
    """

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if _followed.get() is self and record.msg.startswith("Beginning"):
                begun.put(UUID(record.flow_run_id))

    listener, logger = Listener(level=logging.INFO), logging.getLogger("prefect.flow_runs")
    token = _followed.set(listener)
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
        _followed.reset(token)


def _follow(live: Callable[[Timeline], None], begun: queue.SimpleQueue, over: threading.Event) -> None:
    run_id, took = begun.get(), 0.0
    # A look that fails is not tried again for half a minute, as Prefect's client would, with the caller waiting.
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), get_client(sync_client=True) as client:
        # Reading takes the server's time and Python's lock, and so the flow's: no more than a fifth of it.
        while run_id and not over.wait(max(LOOK, 4 * took)):
            before = time.monotonic()
            runs = family(client, run_id)
            timeline = _timeline(runs, _task_runs(client, [flow_run.id for flow_run in runs]))
            took = time.monotonic() - before
            live(timeline)
