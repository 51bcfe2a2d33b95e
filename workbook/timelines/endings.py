"""Findings about how tasks and flow runs ended: failures that went unnoticed, tasks that outlived their flow."""

import itertools
import math
from collections import Counter

from workbook.timelines.finding import NOTICEABLE, Finding, both, callers, count, given, listed, named, names_of
from workbook.timelines.span import CUT_OFF
from workbook.timelines.timeline import Span, Timeline

RECORDED_LATE = 0.9  # seconds by which Prefect records the end of a flow that raises too late
ENDED = {"FAILED": "failed", "CANCELLED": "was cancelled", "CRASHED": "crashed"}  # a flow run that didn't complete


def failed_unseen(timeline: Timeline) -> Finding | None:
    """Tasks and called flow runs that failed in a flow run that is Completed, and that were not repeated.

    Tasks that were cancelled or crashed before the flow run ended count too. Of what failed inside a called flow run
    that failed too, only that flow run counts.
    """
    if timeline.around.state != "COMPLETED":
        return None
    spans = both(timeline)
    ended = math.inf if timeline.returned is None else timeline.returned
    called = [child for child in timeline.around.children if child.state in ENDED]
    failed = [
        span for span in timeline
        if span.state == "FAILED" or (span.state in CUT_OFF and span.end is not None and span.end <= ended)
    ]  # fmt: skip
    inside = {child.id for child in called}
    failed, called = ([span for span in part if span.flow not in inside] for part in (failed, called))
    allowed = given(timeline)  # what failed, and whose result a task or a flow was given: by allow_failure()
    failed, called = (
        [
            span for span in part
            if not (span.id in allowed or _repeated(span, spans, timeline.around.tries) or _replaced(span, spans))
        ]
        for part in (failed, called)
    )  # fmt: skip
    if not failed and not called:
        return None
    what = [f"{len(failed)} of {count(len(timeline))}"] if failed else []
    what += [f"{len(called)} of {count(len(timeline.around.children), 'called flow run')}"] if called else []
    verb = "failed" if all(span.state == "FAILED" for span in failed + called) else "did not complete"
    it = "it" if len(failed + called) == 1 else "them"
    text = (
        f"{' and '.join(what)} {verb}, but the flow run is Completed: {listed(failed + called)}. "
        f"Was the flow meant to go on without {it}?"
    )
    if any(span.state == "FAILED" for span in failed):
        text += (
            " If not, call .result() on every future: wait(), result(raise_on_failure=False), an `except` and a future "
            "you never use all hide a failure."
        )
    elif failed:
        text += " Did it cancel them itself?" if len(failed) > 1 else " Did it cancel it itself?"
    if called:
        text += " A flow called with return_state=True, and run_deployment(), don't raise: check the state they return."
    return Finding("failed-unseen", text, names_of(failed + called), None)


def _repeated(span: Span, spans: list[Span], tries: int) -> bool:
    """Whether it failed in an attempt that was followed by another: of its flow run, or of a task that called it.

    `tries` is how often the outermost flow run was tried.
    """
    attempts = next((other.tries for other in spans if other.id == span.flow), tries)  # some may have run no task
    if span.attempt < max(attempts, *(other.attempt for other in spans if other.flow == span.flow)):
        return True
    by_id = {other.id: other for other in spans if other.id}
    return span.start is not None and any(
        (other.tries > 1 and other.state == "COMPLETED") or _repeated(other, spans, tries)
        for other in callers(span, by_id, span.start)
    )


def _replaced(span: Span, spans: list[Span]) -> bool:
    """Whether the same was tried again by hand until it worked: one after the other, and only the last completed."""
    same = [
        s for s in spans if (s.key or s.task, s.flow, s.attempt) == (span.key or span.task, span.flow, span.attempt)
    ]
    same.sort(key=lambda s: s.created)
    in_turn = all(early.end is not None and early.end <= late.created for early, late in itertools.pairwise(same))
    return in_turn and same[-1].state == "COMPLETED" and all(s.state == "FAILED" for s in same[:-1])


def upstream_failed(timeline: Timeline) -> Finding | None:
    """Tasks that never ran because one that they waited for did not complete."""
    ids = {span.id: span for span in timeline if span.id}
    never = [span for span in timeline if span.start is None and span.message.startswith("NotReady")]
    if not never:
        return None
    causes = list(
        dict.fromkeys(
            ids[parent] for span in never for parent in sorted(span.parents) if parent in ids
            if ids[parent].state != "COMPLETED" and ids[parent] not in never
        )
    )  # fmt: skip
    because = f": {listed(causes)}" if causes else ""
    they = "it" if len(never) == 1 else "they"
    text = (
        f"{count(len(never))} never ran ({named(names_of(never))}), because a task that {they} waited for did not "
        f"complete{because}. That is how wait_for and results passed as arguments work."
    )
    if any(cause.state == "FAILED" for cause in causes):  # it doesn't help with one that was cancelled
        text += " To run a task anyway, wrap the future in allow_failure(…)."
    return Finding("upstream-failed", text, names_of(never), None)


def flow_ended_first(timeline: Timeline) -> Finding | None:
    """Tasks that had not ended when their flow run failed, was cancelled or crashed."""
    last = -math.inf if timeline.returned is None else timeline.returned
    last -= RECORDED_LATE if timeline.returned == timeline.end else 0.0  # `observe` knows when it raised
    own = _own(timeline)
    cut_off = [
        span for span in own
        if (span.state in CUT_OFF or (span.start is None and "cancelled" in span.message))
        and (span.end is None or span.end >= last)
    ]  # fmt: skip
    going = [span for span in own if span.start is not None and span.end is None]
    outlived = list(dict.fromkeys([*_outlived(timeline), *going, *cut_off]))
    if timeline.around.state not in ENDED or not outlived:
        return None
    why = f" ({timeline.around.message})" if timeline.around.message else ""
    lost = "Its result is lost." if len(outlived) == 1 else "Their results are lost."
    text = (
        f"The flow run {ENDED[timeline.around.state]}{why} while {count(len(outlived))} had not ended: "
        f"{named(names_of(outlived))}{_fates(outlived)}. {lost}"
    )
    return Finding("flow-ended-first", text, names_of(outlived), None)


def outlived_collection(timeline: Timeline) -> Finding | None:
    """Tasks that ended after the flow's function had returned."""
    outlived = {span: timeline.returned for span in _outlived(timeline)}
    children = {c.id: c.end for c in timeline.around.children if c.end is not None and c.state == "COMPLETED"}
    outlived |= {
        span: children[span.flow] for span in timeline
        if span.flow in children and span.start is not None
        and timeline.end_of(span) > children[span.flow] + NOTICEABLE
    }  # fmt: skip
    if timeline.around.state in ENDED or not outlived:
        return None
    names, seconds = names_of(outlived), max(timeline.end_of(span) - end for span, end in outlived.items())
    theirs = "their flow's" if any(span.flow in children for span in outlived) else "the flow's"
    text = (
        f"{count(len(outlived))} ended after {theirs} function had returned, up to {seconds:.2f} s later: "
        f"{named(names)}{_fates(list(outlived))}. "
    )
    if all(span.state in CUT_OFF for span in outlived):
        text += "They were cut off because nothing waited for them: await them, or call .result() on every future."
    else:
        text += "The flow did not collect their results, so it can't notice a failure in them: call .result() on "
        text += "every future, unless you made them with .delay() on purpose."
    return Finding("outlived-collection", text, names, seconds)


def _outlived(timeline: Timeline) -> list[Span]:
    returned = timeline.returned
    if returned is None:
        return []
    return [span for span in _own(timeline) if span.start is not None and timeline.end_of(span) > returned]


def _own(timeline: Timeline) -> list[Span]:
    """The task runs without those of deployed flow runs: a flow that triggers one need not wait for it."""
    theirs: set[str] = set()
    for child in timeline.around.children:  # in the order of creation, so callers come first
        if child.deployment or child.flow in theirs:
            theirs.add(child.id)
    return [span for span in timeline if span.flow not in theirs]


def _fates(spans: list[Span]) -> str:
    states = Counter(span.state for span in spans)
    failed = f"; {states['FAILED']} of them failed" if states["FAILED"] else ""
    cancelled = states["CRASHED"] + states["CANCELLED"]
    return failed + (f"; {cancelled} of them cancelled" if cancelled else "")


def tasks_astray(timeline: Timeline) -> Finding | None:
    """No task ran in the flow run, but some ran at the same time that belong to no flow run."""
    strays = timeline.around.strays
    if not strays:
        return None
    text = (
        f"No task ran in this flow run, but {count(len(strays))} ran at the same time outside any: "
        f"{named(tuple(dict.fromkeys(names_of(strays))))}. Prefect files such a task under the first flow run of its "
        "process. Did this flow call them from its own threads, or did another process? A new thread knows nothing of "
        "the flow run: submit the tasks from the flow, or start the thread with contextvars.copy_context().run."
    )
    return Finding("tasks-astray", text, names_of(strays), None)


def never_begun(timeline: Timeline) -> Finding | None:
    """Tasks that had not started when the flow run ended, and triggered flow runs that are Late.

    A flow run that was triggered a moment ago is no trouble: a flow may end before a worker has taken it.
    """
    if timeline.around.state not in {"COMPLETED", *ENDED}:
        return None
    waiting = [
        span for span in timeline
        if span.start is None and span.state in ("PENDING", "SCHEDULED") and not span.message.startswith("NotReady")
    ]  # fmt: skip
    late = [child for child in timeline.around.children if child.start is None and child.state_name == "Late"]
    if not waiting and not late:
        return None
    shut = sorted({tag for span in waiting for tag in span.tags if timeline.around.limits.get(tag) == 0})
    why = f" The limit on {named(tuple(map(repr, shut)))} is 0, so no task with this tag can start." if shut else ""
    parts = []
    if waiting:
        parts.append(
            f"{len(waiting)} of {count(len(timeline))} had not started when the flow run ended: "
            f"{named(names_of(waiting))}.{why} A task run made with .delay() waits for a process that serves the task, "
            "and a task with a limited tag waits for a slot."
        )
    if late:
        parts.append(
            f"{count(len(late), 'triggered flow run')} still waited for a worker, and the server calls it Late: "
            f"{_placed(late)}. Is a worker running for that work pool, or is the pool or its queue paused or full?"
        )
    return Finding("never-begun", " ".join(parts), names_of(waiting + late), None)


def _placed(children: list[Span]) -> str:
    """Flow runs by name, each with its work pool."""
    return named(tuple(f"{c.name} (work pool {c.work_pool!r})" if c.work_pool else c.name for c in children))
