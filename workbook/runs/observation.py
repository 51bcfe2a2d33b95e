"""Runs a flow, and returns its result, its state and how it ran, from Prefect's own records."""

import asyncio
import contextlib
import contextvars
import copy
import functools
import inspect
import queue
import threading
import time
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from types import GeneratorType
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.prefect_server import connection
from workbook.prefect_server.local import ServerError
from workbook.runs import private
from workbook.runs.records import SETTLE, TIMEOUT, Observation, family, read, task_runs
from workbook.runs.spans import timeline_of
from workbook.timelines.timeline import Timeline

LOOK = 0.3  # seconds between two looks at a run that is still going


def observe(
    flow: Flow,
    *args: Any,
    timeout: float = TIMEOUT,
    live: Callable[[Timeline], None] | None = None,
    **kwargs: Any,
) -> Observation:
    """Run a flow, sync or async, from a script or a notebook, and read how it ran.

    The flow runs as if you had called it. If it raises, the error is in the observation. The items that a generator
    flow yields are its result, as a list.

    Args:
        flow: the flow to run; put its arguments after it. If the flow has a parameter named `timeout` or `live`, an
            argument of that name goes to the flow.
        timeout: seconds to wait for late records since the last one came.
        live: called a few times a second, in its own thread, with the run as it stands, and at the end with the whole
            run: `live=plots.live(limit=3)` redraws a figure in the notebook.

    Raises:
        TypeError: this isn't a flow, or the arguments do not fit it.
        ServerError: no Prefect server has been named, or it has stopped.
        SystemExit, KeyboardInterrupt: the flow raised it; `workbook timeline` then shows the run.
    """
    if not isinstance(flow, Flow):
        raise TypeError(f"observe() needs a flow (got a {type(flow).__name__}): put @flow above the function.")
    if not PREFECT_API_URL.value():
        raise ServerError("PREFECT_API_URL is not set: call workbook.server.ensure() before `import prefect`.")
    own = inspect.signature(flow.fn).parameters
    if "timeout" in own and timeout is not TIMEOUT:
        kwargs["timeout"], timeout = timeout, TIMEOUT
    if "live" in own and live is not None:
        kwargs["live"], live = live, None
    with connection.in_use():
        with _following(live):
            ran = run(flow, *args, **kwargs)
        found, timeline, missing = read(ran.flow_run_id, timeout, ran.settle, ran.finished)
        if ran.raised:
            timeline = replace(timeline, returned=ran.raised)
    if live:
        getattr(live, "finish", live)(timeline)
    error = ran.error
    return Observation(ran.flow_run_id, found.name, ran.state, timeline, None if error else ran.result, error, missing)


# ----------------------------------------
# Running


@dataclass(frozen=True)
class Ran:
    """A flow that has just run in this process, before its records are read.

    `finished` are the task runs seen to finish, and `settle` the seconds without news after which there are no others.
    `raised` is when its function raised, if that made it fail; its end is recorded up to a second later.
    """

    state: State
    result: Any
    finished: dict[str, str]
    settle: float
    raised: float | None = None

    @property
    def flow_run_id(self) -> UUID:
        return self.state.state_details.flow_run_id

    @property
    def error(self) -> BaseException | None:
        failed = isinstance(self.result, BaseException) and not self.state.is_completed()
        return self.result if failed else None


def run(flow: Flow, *args: Any, **kwargs: Any) -> Ran:
    """Run a flow, sync or async, from a script or a notebook, as if you had called it; it may raise."""
    flow, raised, returned = _noting(flow)
    with private.finished_task_runs() as finished:
        if flow.isgenerator:
            state, result = _exhausted(flow, args, kwargs)
        elif flow.isasync:
            state = _in_own_loop(lambda: flow(*args, return_state=True, **kwargs))
        else:
            state = flow(*args, return_state=True, **kwargs)
        counted = private.can_hear() and isinstance(flow.task_runner, ThreadPoolTaskRunner)  # runs in this process
    if not flow.isgenerator:
        result = _in_own_loop(lambda: state.aresult(raise_on_failure=False))
    if returned and isinstance(returned[-1], GeneratorType):
        result = returned[-1]  # the state holds the items, which the caller of a flow never gets
    settle = 0.0 if counted and finished else SETTLE
    return Ran(state, result, finished, settle, raised[-1] if raised and state.is_failed() else None)


def _noting(flow: Flow) -> tuple[Flow, list[float], list]:
    """The flow, with two lists: the moments when its function raised, and what it returned.

    There is more than one if the flow has retries. Prefect records the end of a flow that raised only when it has
    stopped its heartbeat and saved the error.
    """
    raised: list[float] = []
    returned: list = []

    @contextlib.contextmanager
    def noting() -> Iterator[None]:
        try:
            yield
        except BaseException:
            raised.append(time.time())
            raise

    async def items(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        with noting():
            async for item in flow.fn(*args, **kwargs):
                yield item

    def items_sync(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with noting():
            yield from flow.fn(*args, **kwargs)

    async def awaited(*args: Any, **kwargs: Any) -> Any:
        with noting():
            returned.append(await flow.fn(*args, **kwargs))
            return returned[-1]

    def called(*args: Any, **kwargs: Any) -> Any:
        with noting():
            returned.append(flow.fn(*args, **kwargs))
            return returned[-1]

    as_it_is = {(True, True): items, (True, False): items_sync, (False, True): awaited, (False, False): called}
    noted = copy.copy(flow)
    noted.fn = functools.wraps(flow.fn)(as_it_is[flow.isgenerator, flow.isasync])
    return noted, raised, returned


def _exhausted(flow: Flow, args: tuple, kwargs: dict[str, Any]) -> tuple[State, Any]:
    """Run a generator flow to its end, and read its state from the server: Prefect doesn't return it.

    Returns:
        Its last state, and the list of what it yielded, or the exception that it raised.

    Raises:
        ServerError: Prefect's log records are switched off, and only they have the id of the flow run.
    """
    begun: queue.SimpleQueue[UUID] = queue.SimpleQueue()

    async def gathered() -> list:
        return [item async for item in flow(*args, **kwargs)]

    with private.first_flow_run(begun):
        try:
            result = _in_own_loop(gathered) if flow.isasync else list(flow(*args, **kwargs))
        except Exception as error:
            if begun.empty():  # it did not begin: its arguments do not fit, for example
                raise
            result = error
    if begun.empty():
        raise ServerError("A generator flow can't be observed after logging.disable(): call logging.disable(0) first.")
    with get_client(sync_client=True) as client:
        run_id = begun.get()
        state = client.read_flow_run(run_id).state
    return state.model_copy(
        update={"state_details": state.state_details.model_copy(update={"flow_run_id": run_id})}
    ), result


def _in_own_loop(make: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end, even if an event loop is already running, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(make())
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(contextvars.copy_context().run, lambda: asyncio.run(make())).result()


# ----------------------------------------
# Following a run while it goes


@contextlib.contextmanager
def _following(live: Callable[[Timeline], None] | None) -> Iterator[None]:
    """Show `live` the flow run that begins in this block, from its records, until the block ends.

    An error in there becomes a warning: it must not spoil the run.
    """
    if live is None:
        yield
        return
    begun: queue.SimpleQueue[UUID | None] = queue.SimpleQueue()
    over = threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="follower") as pool:
        follower = pool.submit(contextvars.copy_context().run, _follow, live, begun, over)
        try:
            with private.first_flow_run(begun):
                yield
        finally:
            over.set()
            begun.put(None)  # in case none began
    if error := follower.exception():
        warnings.warn(f"The live picture stopped early ({type(error).__name__}: {error}).", stacklevel=4)


def _follow(live: Callable[[Timeline], None], begun: queue.SimpleQueue, over: threading.Event) -> None:
    run_id, took = begun.get(), 0.0
    # Prefect's client would try a failed request again for half a minute, and the caller would have to wait.
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), get_client(sync_client=True) as client:
        # Reading slows the server and the flow down, so it may take no more than a fifth of the time.
        while run_id and not over.wait(max(LOOK, 4 * took)):
            before = time.monotonic()
            runs = family(client, run_id)
            timeline = timeline_of(runs, task_runs(client, [flow_run.id for flow_run in runs]))
            took = time.monotonic() - before
            live(timeline)
