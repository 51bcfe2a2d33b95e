"""Reads a flow run from Prefect's own records.

The records arrive a little after the run has ended (docs/facts.md), so they are read until all are there.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort

from workbook.prefect_server import connection
from workbook.prefect_server.local import ServerError
from workbook.runs.spans import timeline_of
from workbook.runs.surroundings import PAGE, look_around
from workbook.timelines.timeline import Timeline

if TYPE_CHECKING:
    from workbook.figures.style import Picture

TIMEOUT = 20.0  # seconds without any news after which records count as missing
SETTLE = 2.0  # seconds without news after which a run of unknown size counts as complete


@dataclass(frozen=True)
class Observation:
    """One flow run, read from its records.

    `missing` counts the task runs that are known to have run but whose records never came; the timeline lacks them.
    """

    flow_run_id: UUID
    name: str
    state: State
    timeline: Timeline
    result: Any = field(default=None, repr=False)
    error: BaseException | None = None
    missing: int = 0

    def summary(self, limit: int | None = None) -> str:
        """The run in a few words: how many task runs, how long, how many at once.

        Args:
            limit: how many task runs may run at once; with it, the ideal makespan is given too.
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
            title: the finding; by default the measured numbers.
            prediction: the guess, as seconds from the first start to the last end and the most at once.

        Raises:
            ValueError: the limit is not a positive whole number.
        """
        from workbook.figures.gantt import picture  # matplotlib takes a second to load, and most runs are not drawn

        return picture(self.timeline, limit, title, prediction)


def observe_run(
    flow_run_id: UUID | str,
    timeout: float = TIMEOUT,
    settle: float = SETTLE,
    finished: dict[str, str] | None = None,
    say: Callable[[str], None] | None = None,
) -> Observation:
    """Read a flow run that ran elsewhere, from the server that the environment names.

    A run that is still going is returned as it stands, without waiting. `result` is None: only the process that ran
    the flow has it.

    Args:
        flow_run_id: the id that Prefect gave the flow run.
        timeout: seconds to wait for late records since the last one came.
        settle: seconds without news after which a run of unknown size counts as complete.
        finished: task runs known to have finished, as {task run id: flow run id}; their records are waited for.
        say: called with how many records have come, in words, while the server is still writing them.

    Raises:
        ServerError: this isn't an id, or the server doesn't have the run.
    """
    try:
        run_id = UUID(str(flow_run_id))
    except ValueError:
        raise ServerError(
            f"{flow_run_id!r} is not a flow run id: copy the id from the run's page in the web UI, or from "
            "`prefect flow-run ls`."
        ) from None
    with connection.in_use():
        found, timeline, missing = read(run_id, timeout, settle, finished or {}, say)
    return Observation(run_id, found.name, found.state, timeline, missing=missing)


def find_flow_run(wanted: str = "") -> UUID:
    """Find a flow run by its id, its address in the web UI, or its name: the newest, if several have that name.

    Returns:
        Its id; without a wish, the id of the newest run.

    Raises:
        ServerError: the server doesn't have such a run, or has no runs at all.
    """
    if found := re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", wanted.lower()):
        return UUID(found[0])
    if runs := last_flow_runs(1, wanted):
        return runs[0].id
    with get_client(sync_client=True) as client:
        named = f" named {wanted!r}" if wanted else ""
        raise ServerError(
            f"The server at {client.api_url} holds no flow run{named}: `prefect flow-run ls` lists its runs, and "
            "PREFECT_API_URL selects the server."
        )


def last_flow_runs(count: int, name: str = "") -> list[FlowRun]:
    """The flow runs that started last, the newest first; only those with this name, if one is given."""
    wanted = FlowRunFilter(name={"any_": [name]}) if name else FlowRunFilter(parent_task_run_id={"is_null_": True})
    with get_client(sync_client=True) as client:
        return client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.START_TIME_DESC, limit=count)


def task_runs_of(flow_run_id: UUID | str) -> list[TaskRun]:
    """Prefect's records of the task runs of a flow run and its subflows, as they stand.

    Raises:
        ServerError: the server doesn't have the run.
    """
    with get_client(sync_client=True) as client:
        return task_runs(client, [found.id for found in family(client, UUID(str(flow_run_id)))])


def read(
    run_id: UUID,
    timeout: float,
    settle: float,
    expected: dict[str, str],
    say: Callable[[str], None] | None = None,
) -> tuple[FlowRun, Timeline, int]:
    """Read a run and its subflows until the records are complete: the run has ended, and so have its task runs.

    Args:
        run_id: the id of the flow run.
        timeout: seconds without news after which the missing records are given up.
        settle: seconds without news after which a run counts as complete, as `expected` may not name all task runs.
        expected: task runs seen to finish, as {task run id: flow run id}.
        say: called after each look with how many records have come, in words.

    Returns:
        The flow run, its timeline, and how many expected task runs have no finished record.
    """
    with get_client(sync_client=True) as client:
        news, seen = time.monotonic(), None
        while True:
            looked = time.monotonic()
            runs = family(client, run_id)
            tasks = {t.id: t for t in task_runs(client, [f.id for f in runs])}
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
            if quiet >= timeout:
                break
            if say:
                say(f"Reading the records: {len(ended):,} of {len(tasks):,} task runs are complete …")
            # The API can't be waited on, and each look keeps the server from writing records: look half of the time.
            time.sleep(max(0.05, time.monotonic() - looked))
        found = strayed_left_out(runs, list(tasks.values()))
        timeline = timeline_of(runs, found, _states_of_retried(client, found))
        timeline = replace(timeline, around=look_around(client, runs, found))
    return runs[0], timeline, len(missing - {str(i) for i in tasks})


def strayed_left_out(runs: list[FlowRun], tasks: list[TaskRun]) -> list[TaskRun]:
    """The task runs without those that were created after their flow run had ended.

    Prefect files task runs outside of any flow under the first flow run of their process (docs/upstream.md).
    """
    ends = {run.id: run.end_time for run in runs}
    return [
        task for task in tasks
        if (end := ends.get(task.flow_run_id)) is None or (task.expected_start_time or task.created) <= end
    ]  # fmt: skip


def _states_of_retried(client: SyncPrefectClient, tasks: list[TaskRun]) -> dict[UUID, list[State]]:
    """All states of the task runs that were tried again; of the first hundred, as each takes a request."""
    retried = [task.id for task in tasks if task.run_count > 1][:100]
    return {task_id: client.read_task_run_states(task_id) for task_id in retried}


def _has_ended(task: TaskRun, finished: bool) -> bool:
    """Whether this record is the last one of its task run; `finished` if it was seen to finish."""
    if task.state.is_final() or task.start_time:
        return task.state.is_final()
    # A task run that never starts stays Pending: its upstream failed (it finishes as NotReady), or it got no slot.
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


def task_runs(client: SyncPrefectClient, flow_run_ids: list[UUID]) -> list[TaskRun]:
    """The task runs of these flow runs, except those that only stand for a subflow."""
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
