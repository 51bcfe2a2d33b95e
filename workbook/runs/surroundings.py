"""What was around a run: the limits in force, who else held their slots, and the flow runs that it called."""

import contextlib
import time
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.client.schemas.responses import DeploymentResponse, GlobalConcurrencyLimitResponse
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort
from prefect.exceptions import ObjectNotFound

from workbook.prefect_server.limits import slot_wait
from workbook.runs.spans import child_span, flow_message, printable, span_of, stand_ins, with_parents
from workbook.timelines.timeline import Span, Surroundings

PAGE = 200  # the most that the API gives at once
HOLDING = ["Running", "Retrying", "AwaitingRetry", "Cancelling"]  # states in which a task run has its slot
MOMENTS_AGO = 3.0  # seconds after which the slots that are taken now say nothing of a flow run that has ended
RELEASED = 2.0  # seconds after which a slot that its task run no longer needs has been released


def look_around(client: SyncPrefectClient, runs: list[FlowRun], tasks: list[TaskRun]) -> Surroundings:
    """Read what was around a flow run.

    Args:
        client: a client of the server that has the run.
        runs: the flow run, and its subflow runs after it.
        tasks: the task runs of all of them.
    """
    root, on_server = runs[0], client.read_global_concurrency_limits(limit=PAGE, offset=0)
    # A limit that was created after the run did not limit it.
    on_server = [
        limit for limit in on_server if not (root.end_time and limit.created and limit.created > root.end_time)
    ]
    limits = limits_of(on_server, frozenset(tag for task in tasks for tag in task.tags))
    others = _others(client, limits, root, {task.id for task in tasks}) if limits else []
    deployments = _deployments(client, runs)
    return Surroundings(
        state=root.state.type.value,
        message=flow_message(root),
        limits={tag: limit for tag, (limit, _) in limits.items()},
        other_limits=_other_limits(client, runs, on_server, deployments),
        slot_wait=slot_wait(client) if limits else None,
        unexplained=_unexplained(client, limits) if _just_ended(root) else {},
        others=tuple(span_of(task, index) for index, task in enumerate(others)),
        strays=() if tasks else tuple(span_of(task, index) for index, task in enumerate(_strays(client, root))),
        children=_children(client, runs, deployments),
        flows={str(run.id): printable(run.name) for run in runs},
        tries=max(1, root.run_count),
    )


def _just_ended(run: FlowRun) -> bool:
    """Whether what is seen on the server now tells of this flow run."""
    return run.state.is_final() and (run.end_time is None or time.time() - run.end_time.timestamp() < MOMENTS_AGO)


def limits_of(on_server: list[GlobalConcurrencyLimitResponse], tags: frozenset[str]) -> dict[str, tuple[int, int]]:
    """Those of the server's limits that belong to these tags, each with the number of slots taken."""
    named = {limit.name.removeprefix("tag:"): limit for limit in on_server
             if limit.name.startswith("tag:") and limit.active}  # fmt: skip
    return {tag: (named[tag].limit, named[tag].active_slots) for tag in sorted(tags & named.keys())}


def _deployments(client: SyncPrefectClient, runs: list[FlowRun]) -> dict[UUID, DeploymentResponse]:
    """The deployments of these flow runs, by their ids; those deleted since are left out."""
    found = {}
    for deployment_id in {run.deployment_id for run in runs if run.deployment_id}:
        with contextlib.suppress(ObjectNotFound):
            found[deployment_id] = client.read_deployment(deployment_id)
    return found


def _other_limits(
    client: SyncPrefectClient,
    runs: list[FlowRun],
    on_server: list[GlobalConcurrencyLimitResponse],
    deployments: dict[UUID, DeploymentResponse],
) -> dict[str, int]:
    """The global limits, and those of the deployments, work pools and work queues of these flow runs."""
    found = {
        f"global limit {printable(limit.name)!r}": limit.limit for limit in on_server
        if limit.active and not limit.name.startswith(("tag:", "deployment:"))
    }  # fmt: skip
    for deployment in deployments.values():
        if limit := deployment.global_concurrency_limit:
            found[f"deployment {printable(deployment.name)!r}"] = limit.limit
    queues = {(run.work_pool_name, run.work_queue_name) for run in runs if run.work_pool_name}
    for pool in sorted({pool for pool, _ in queues}):
        with contextlib.suppress(ObjectNotFound):
            if (most := client.read_work_pool(pool).concurrency_limit) is not None:
                found[f"work pool {printable(pool)!r}"] = most
    for pool, queue in sorted((pool, queue) for pool, queue in queues if queue):
        with contextlib.suppress(ObjectNotFound):
            if (most := client.read_work_queue_by_name(queue, work_pool_name=pool).concurrency_limit) is not None:
                found[f"work queue {printable(f'{pool}/{queue}')!r}"] = most
    return found


def _others(
    client: SyncPrefectClient, limits: dict[str, tuple[int, int]], root: FlowRun, ours: set[UUID]
) -> list[TaskRun]:
    """The task runs with a limited tag that ran at the same time in other flow runs."""
    found: dict[UUID, TaskRun] = {}
    for tag in limits:
        holding = TaskRunFilter(tags={"all_": [tag]}, state={"name": {"any_": HOLDING}})
        found |= {run.id: run for run in client.read_task_runs(task_run_filter=holding, limit=PAGE)}
        moments = {"start_time": {"before_": root.end_time}, "end_time": {"after_": root.start_time}}
        ended, offset = TaskRunFilter(tags={"all_": [tag]}, **moments), 0
        while page := client.read_task_runs(
            task_run_filter=ended, sort=TaskRunSort.END_TIME_DESC, limit=PAGE, offset=offset
        ):
            found |= {run.id: run for run in page}
            offset += len(page)
    end = root.end_time
    return [
        run for run in found.values()
        if run.id not in ours and run.start_time is not None and (end is None or run.start_time < end)
    ]  # fmt: skip


def _strays(client: SyncPrefectClient, root: FlowRun) -> list[TaskRun]:
    """The task runs that began during a flow run and are filed under one that had ended by then.

    Prefect files a task run outside of any flow run under the first one of its process (docs/upstream.md).
    """
    if root.start_time is None:
        return []
    during = TaskRunFilter(start_time={"after_": root.start_time, "before_": root.end_time})
    tasks = client.read_task_runs(task_run_filter=during, sort=TaskRunSort.EXPECTED_START_TIME_ASC, limit=PAGE)
    wanted = FlowRunFilter(id={"any_": list({task.flow_run_id for task in tasks if task.flow_run_id})})
    runs = client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=PAGE) if tasks else []
    ended = {run.id: run.end_time for run in runs if run.end_time}
    return [task for task in tasks if task.flow_run_id in ended and task.start_time > ended[task.flow_run_id]]


def _unexplained(client: SyncPrefectClient, limits: dict[str, tuple[int, int]]) -> dict[str, int]:
    """By tag, the taken slots that no running task run holds, and that are not released a moment later."""
    unexplained, until = {}, time.monotonic() + RELEASED
    tags = frozenset(tag for tag, (_, taken) in limits.items() if taken)
    while tags:
        unexplained = {}
        on_server = client.read_global_concurrency_limits(limit=PAGE, offset=0)
        for tag, (_, taken) in limits_of(on_server, tags).items():
            holding = TaskRunFilter(tags={"all_": [tag]}, state={"name": {"any_": HOLDING}})
            if (rest := taken - len(client.read_task_runs(task_run_filter=holding, limit=PAGE))) > 0:
                unexplained[tag] = rest
        tags = frozenset(unexplained)
        if time.monotonic() > until:
            break
    return unexplained


def _children(
    client: SyncPrefectClient, runs: list[FlowRun], deployments: dict[UUID, DeploymentResponse]
) -> tuple[Span, ...]:
    """The flow runs that a run called or triggered, and those that they did, in the order of creation."""
    children = sorted(runs[1:], key=lambda run: run.created or run.expected_start_time)
    flows = {flow_id: client.read_flow(flow_id).name for flow_id in {run.flow_id for run in children}}
    callers = _callers(client, children)
    begins = {str(run.id): _begins(client, run) for run in runs if run.run_count > 1}
    stands_for = stand_ins(children)
    spans = []
    for index, run in enumerate(children):
        caller = callers.get(run.parent_task_run_id)
        attempt = sum(begun <= run.created for begun in begins.get(str(caller.flow_run_id), [])) if caller else 1
        states = client.read_flow_run_states(run.id) if run.deployment_id else []
        deployment = deployments[run.deployment_id].name if run.deployment_id in deployments else ""
        span = child_span(run, flows[run.flow_id], index, states, caller, max(1, attempt), deployment)
        spans.append(with_parents(span, stands_for))
    return tuple(spans)


def _callers(client: SyncPrefectClient, children: list[FlowRun]) -> dict[UUID, TaskRun]:
    """The task runs that stand for these flow runs in the flow runs that called them, by their ids."""
    ids, found = [run.parent_task_run_id for run in children if run.parent_task_run_id], {}
    for begin in range(0, len(ids), PAGE):
        wanted = TaskRunFilter(id={"any_": ids[begin : begin + PAGE]})
        found |= {task.id: task for task in client.read_task_runs(task_run_filter=wanted, limit=PAGE)}
    return found


def _begins(client: SyncPrefectClient, run: FlowRun) -> list:
    """The moments at which the attempts of a flow run started."""
    return [state.timestamp for state in client.read_flow_run_states(run.id) if state.is_running()]
