"""Turns Prefect's records into spans and a timeline: plain data, with names and messages that are safe to print."""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State, TaskRun

from workbook.runs.private import CALLERS
from workbook.timelines.timeline import Span, Timeline


def timeline_of(
    family: list[FlowRun], tasks: list[TaskRun], states: Mapping[UUID, list[State]] | None = None
) -> Timeline:
    """The timeline of a flow run.

    Args:
        family: the flow run, and its subflow runs after it.
        tasks: the task runs of all of them.
        states: all states of the task runs that were tried again, as far as they have been read.
    """
    root, states = family[0], states or {}
    created = sorted(tasks, key=lambda t: (t.expected_start_time or t.created, str(t.id)))
    # Prefect ends a flow run when its function returns, and only then waits for tasks that were not collected.
    end = _seconds(root.end_time)
    stands_for = stand_ins(family[1:])
    spans = (span_of(task, index, states.get(task.id, [])) for index, task in enumerate(created))
    return Timeline(
        tuple(with_parents(span, stands_for) for span in spans),
        begin=_seconds(root.start_time),
        end=end,
        returned=end,
        until=None if end else time.time(),
    )


def span_of(task: TaskRun, index: int, states: list[State] | None = None) -> Span:
    """The span of a task run; with its states, also the delays before it was tried again."""
    return Span(
        name=printable(task.name),
        index=index,
        created=_seconds(task.expected_start_time or task.created),  # by the client's clock
        start=_seconds(task.start_time),
        end=_seconds(task.end_time) if task.start_time else None,
        state=task.state.type.value if task.state else "PENDING",
        state_name=printable(task.state.name) if task.state else "",
        tags=frozenset(task.tags),
        task=re.sub(r"-[0-9a-f]{8}$", "", task.task_key).rpartition(".")[2],
        message=_message(task.state),
        tries=max(1, task.run_count),
        attempt=max(1, task.flow_run_run_count),
        delays=_delays(states or []),
        flow=str(task.flow_run_id or ""),
        id=str(task.id),
        parents=_ids(*task.task_inputs.values()),
        called_by=_callers(task),
        key=f"{task.task_key} {_given_name(task)}",
    )


def _given_name(task: TaskRun) -> str:
    """The name of its task, if the task run's own is made from it.

    Tasks that a factory makes of one function differ only there.
    """
    return task.name.removesuffix(end) if task.name.endswith(end := f"-{task.dynamic_key[:3]}") else ""


def child_span(
    run: FlowRun, flow: str, index: int, states: list[State], caller: TaskRun | None, attempt: int, deployment: str
) -> Span:
    """The span of a flow run that another called or triggered.

    Args:
        run: the flow run.
        flow: the name of its flow.
        index: its place in the order of creation.
        states: all of its states, if it may have waited for its deployment's limit.
        caller: the task run that stands for it in the flow run that called it.
        attempt: the attempt of that flow run in which it was created.
        deployment: the name of its deployment, if it has one.
    """
    message = flow_message(run) or ("" if run.state.is_completed() else run.state.name)
    if any(state.name == "AwaitingConcurrencySlot" for state in states):
        message = "; ".join(dict.fromkeys(["AwaitingConcurrencySlot", *filter(None, [message])]))
    start = _seconds(run.start_time)
    return Span(
        name=printable(run.name),
        index=index,
        created=_seconds(run.created or run.expected_start_time),
        start=start,
        end=None if start is None else _seconds(run.end_time),
        state=run.state.type.value,
        state_name=printable(run.state.name),
        tags=frozenset(run.tags),
        task=printable(flow),
        id=str(run.id),
        parents=_ids(*caller.task_inputs.values()) if caller else frozenset(),
        called_by=_callers(caller) if caller else frozenset(),
        message=message,
        tries=max(1, run.run_count),
        attempt=attempt,
        flow=str(caller.flow_run_id or "") if caller else "",
        deployment=printable(deployment),
        work_pool=printable("/".join(filter(None, [run.work_pool_name, run.work_queue_name]))),
    )


def stand_ins(children: list[FlowRun]) -> dict[str, str]:
    """The ids of called flow runs, by those of the task runs that stand for them where they were called."""
    return {str(run.parent_task_run_id): str(run.id) for run in children}


def with_parents(span: Span, stands_for: Mapping[str, str]) -> Span:
    """The span with called flow runs among its parents, and not the task runs that stand for them."""
    parents, called_by = (
        frozenset(stands_for.get(parent, parent) for parent in ids) for ids in (span.parents, span.called_by)
    )
    return replace(span, parents=parents, called_by=called_by)


def _ids(*inputs: Iterable[Any]) -> frozenset[str]:
    return frozenset(str(source.id) for sources in inputs for source in sources if hasattr(source, "id"))


def _callers(task: TaskRun) -> frozenset[str]:
    """The ids of the task runs that called it.

    Prefect lists callers in the task run's inputs, under one key. If a future is passed while its task run is still
    running, that task run is listed there too, but also under the argument.
    """
    inputs = dict(task.task_inputs)
    return _ids(inputs.pop(CALLERS, ())) - _ids(*inputs.values())


def _delays(states: list[State]) -> tuple[tuple[float, float], ...]:
    """The times that it waited for its next try, from one state to the next; without a delay they are one state."""
    ordered = pairwise(sorted(states, key=lambda state: state.timestamp))
    tried_again = [pair for pair in ordered if pair[0].name == "AwaitingRetry" or pair[1].name == "Retrying"]
    waits = [(one if one.name == "AwaitingRetry" else following, following) for one, following in tried_again]
    return tuple((_seconds(one.timestamp), _seconds(following.timestamp)) for one, following in waits)


def flow_message(run: FlowRun) -> str:
    """The message of a flow run's last state, if it ended and did not complete."""
    if not run.state.is_final() or run.state.is_completed():
        return ""
    message = (run.state.message or "").removeprefix("Flow run encountered an exception: ").partition("\n")[0]
    return printable(message)[:300]


def _message(state: State | None) -> str:
    """The message of a state that is not Completed: the error itself, without Prefect's words around it."""
    if state is None or state.is_completed() or state.is_running():
        return ""
    message = (state.message or "").removeprefix("Task run encountered an exception ").partition("\n")[0]
    return printable(message if state.name in ("Failed", "Pending", "Crashed") else f"{state.name}: {message}")[:300]


def printable(text: str) -> str:
    """Text that is safe to print: line ends and escape codes as they are written in Python."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _seconds(moment: Any) -> float | None:
    return None if moment is None else moment.timestamp()
