"""Findings about the flow runs that a flow called or triggered: one after the other, or held back by a limit."""

import itertools
from collections.abc import Mapping

from workbook.timelines.finding import NOTICEABLE, WAITED, Finding, both, callers, count, named, names_of
from workbook.timelines.timeline import Span, Timeline


def children_in_turn(timeline: Timeline) -> Finding | None:
    """Three or more flow runs of one flow, called or triggered by one flow run, that never ran at the same time."""
    groups: dict[tuple, list[Span]] = {}
    tasks, by_id = ({span.id: span for span in spans if span.id} for spans in (timeline, both(timeline)))
    for child in timeline.around.children:
        if child.start is not None and child.end is not None:
            groups.setdefault((child.flow, child.attempt, child.task), []).append(child)
    for (caller, _, name), children in groups.items():
        once = tuple(child for child in children if child.tries == 1)
        runs = Timeline(once if len(once) > 2 else tuple(children))
        if len(runs) < 3 or runs.peak > 1 or any(child.seconds < NOTICEABLE for child in runs):
            continue
        if any(_limit_of_one(timeline, child) for child in runs):
            continue
        if all(_leads_to(before, late, by_id) for before, late in itertools.pairwise(runs)):
            continue  # each was given the result of the one before, if only by way of others
        by = next((f" called by {other.name!r}" for other in timeline.around.children if other.id == caller), "")
        took = (
            f"{len(runs)} flow runs of {name!r}{by} ran one after the other, in {runs.makespan:.2f} s; the longest "
            f"took {runs.longest:.2f} s: {named(names_of(runs))}. "
        )
        early = sum(late.created < before.end for before, late in itertools.pairwise(runs))
        if early > len(runs) // 2:
            why = (
                f"They were created early and waited, up to {max(runs.waits):.2f} s: look for a worker or a runner "
                "that takes one run at a time, or a call that blocks the event loop."
            )
        elif len({one.id for child in runs for one in callers(child, tasks, child.start)}) == len(runs):
            why = (
                "Each was called by its own task, and these tasks ran one after the other. Did each need the one "
                "before? If not, look for .result() in the loop that submits them."
            )
        else:
            why = (
                "A called flow, and run_deployment(), return only when that run has ended. Did each need the one "
                "before, or did you slow them down on purpose? If not, run them at the same time: async flows under "
                "asyncio.gather, or run_deployment(…, timeout=0)."
            )
        return Finding("children-in-turn", took + why, names_of(runs), runs.makespan)
    return None


def _leads_to(first: Span, second: Span, by_id: Mapping[str, Span]) -> bool:
    """Whether a result of the first reached the second, by whatever way."""
    found, ahead = set(), [*second.parents]
    while ahead:
        if (parent := ahead.pop()) not in found:
            found.add(parent)
            ahead += by_id[parent].parents if parent in by_id else ()
    return first.id in found


def _limit_of_one(timeline: Timeline, child: Span) -> bool:
    """Whether a limit on the server lets only one such flow run go on at a time, so that the order is wanted."""
    pool = child.work_pool.partition("/")[0]
    names = (f"deployment {child.deployment!r}", f"work pool {pool!r}", f"work queue {child.work_pool!r}")
    return any(timeline.around.other_limits.get(name) == 1 for name in names)


def deployment_limit(timeline: Timeline) -> Finding | None:
    """Flow runs that waited because their deployment's limit was reached."""
    waited = [child for child in timeline.around.children if child.message.startswith(WAITED)]
    if not waited:
        return None
    seconds = max((child.start or timeline.now) - child.created for child in waited)
    deployments = sorted({f"{child.task}/{child.deployment}" for child in waited if child.deployment})
    limited = f" on {named(tuple(map(repr, deployments)))}" if deployments else ""
    text = (
        f"{count(len(waited), 'flow run')} waited for the deployment's concurrency limit{limited} "
        f"({WAITED}), up to {seconds:.1f} s: {named(names_of(waited))}. Prefect tries again only every "
        "30 s: raise the limit, or lower PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS on the server."
    )
    return Finding("deployment-limit", text, names_of(waited), seconds)
