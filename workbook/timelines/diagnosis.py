"""Says in words what a timeline shows, with the evidence: which tasks, how many seconds.

A learner sees bars; a grader needs the name of the mistake. Both come from here. There is a finding only where the
records prove it: a warning about a good run teaches people to ignore all of them. What the records can and can't prove:

- Tasks are independent if Prefect recorded no path of results between them (`Span.parents`). It records none for
  results such as None, True or small numbers. So tasks are compared only with others of the same task, and the finding
  asks whether their order was needed.
- A task that had its inputs early and started late waited for a slot. One that was created late was held back by the
  flow's code or by a full task runner: Prefect creates the task run when a worker takes it up (docs/facts.md).
- A task that takes a slot itself, with `concurrency()`, is Running while it waits, so no record shows its wait.
"""

from dataclasses import replace

from workbook.timelines import called_flows, endings, order, slots
from workbook.timelines.finding import Finding, count, last_inputs, named, without_callers
from workbook.timelines.timeline import Timeline

CODES = {
    "limit-exceeded": "more tasks ran at once than the limit allows; seconds: how long",
    "failed-unseen": "tasks failed, but the flow run is Completed; seconds: none",
    "upstream-failed": "tasks never ran, because a task they waited for did not complete; seconds: none",
    "deadlock": "tasks waited for slots that the tasks which called them hold; seconds: none",
    "never-begun": "tasks had not started when the flow run ended, or called flow runs are Late; seconds: none",
    "tasks-astray": "no task ran in the flow run, but some ran at the same time outside any; seconds: none",
    "flow-ended-first": "the flow run failed, was cancelled or crashed before its tasks ended; seconds: none",
    "outlived-collection": "tasks ended after the flow's function had returned; seconds: how long after",
    "early-cleanup": "clean-up or publishing started before the work had ended; seconds: how much too early",
    "slots-unexplained": "slots are taken that no running task run holds; seconds: none",
    "slots-elsewhere": "tasks of other flow runs held slots during the run; seconds: slot-seconds that they held",
    "deployment-limit": "flow runs waited for their deployment's limit; seconds: the longest wait",
    "children-in-turn": "flow runs ran one after the other; seconds: from the first start to the last end",
    "one-at-a-time": "independent tasks ran one after the other; seconds: from the first start to the last end",
    "batch-barriers": "each batch waited for the slowest task of the one before; seconds: idle, over all slots",
    "limit-not-reached": "fewer tasks ran at once than the limit allows, with more to run; seconds: none",
    "slow-hand-over": "slots were empty while tasks waited for one; seconds: empty, over all slots",
    "retry-delay": "a task that was tried again ran alone at the end; seconds: how long alone",
    "straggler": "one long task ran alone at the end; seconds: how long alone",
}  # in order of importance: wrong results first, then lost time

LESSONS = {
    "limit-exceeded": "06_limits_that_do_not_limit",
    "failed-unseen": "05_futures_and_failures",
    "upstream-failed": "05_futures_and_failures",
    "deadlock": "06_limits_that_do_not_limit",
    "never-begun": "10_deploy",
    "tasks-astray": "08_async_and_child_flows",
    "flow-ended-first": "05_futures_and_failures",
    "outlived-collection": "05_futures_and_failures",
    "early-cleanup": "09_production_etl",
    "slots-unexplained": "06_limits_that_do_not_limit",
    "slots-elsewhere": "07_which_limit_when",
    "deployment-limit": "07_which_limit_when",
    "children-in-turn": "08_async_and_child_flows",
    "one-at-a-time": "02_parallel",
    "batch-barriers": "04_batches",
    "limit-not-reached": "03_server_side_limits",
    "slow-hand-over": "03_server_side_limits",
    "retry-delay": "09_production_etl",
    "straggler": "04_batches",
}
PAGES = {
    "limit-exceeded": "concepts/tag-based-concurrency-limits",
    "failed-unseen": "how-to-guides/workflows/run-work-concurrently",
    "upstream-failed": "concepts/states",
    "deadlock": "concepts/tag-based-concurrency-limits",
    "never-begun": "concepts/states",
    "tasks-astray": "how-to-guides/workflows/run-work-concurrently",
    "flow-ended-first": "concepts/states",
    "outlived-collection": "how-to-guides/workflows/run-work-concurrently",
    "early-cleanup": "how-to-guides/workflows/run-work-concurrently",
    "slots-unexplained": "concepts/global-concurrency-limits",
    "slots-elsewhere": "concepts/tag-based-concurrency-limits",
    "deployment-limit": "concepts/deployments",
    "children-in-turn": "concepts/flows",
    "one-at-a-time": "how-to-guides/workflows/run-work-concurrently",
    "batch-barriers": "concepts/task-runners",
    "limit-not-reached": "concepts/tag-based-concurrency-limits",
    "slow-hand-over": "concepts/task-runners",
    "retry-delay": "how-to-guides/workflows/retries",
    "straggler": "concepts/task-runners",
}  # of Prefect's documentation


def read_on(code: str) -> str:
    """Where to read more about a finding: the lesson, and the page of Prefect's documentation."""
    return f"notebooks/{LESSONS[code]}.ipynb and https://docs.prefect.io/v3/{PAGES[code]}"


def diagnose(timeline: Timeline, limit: int | None = None) -> list[Finding]:
    """The findings about how these tasks ran.

    Args:
        timeline: the tasks.
        limit: how many of them may run at once. It is judged on the tasks whose tag has this limit on the server, or on
            all tasks if there are none. By default, each tag that has a limit on the server is judged by its own.

    Returns:
        The findings in order of importance, an empty list if there are none. Only what is said of a limit can come
        more than once, for several tags.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    barriers, inputs = order.batch_barriers(timeline), last_inputs(timeline)
    findings = [
        barriers, order.straggler(timeline, inputs), order.early_cleanup(timeline), endings.failed_unseen(timeline),
        endings.upstream_failed(timeline), endings.never_begun(timeline), endings.tasks_astray(timeline),
        endings.flow_ended_first(timeline), endings.outlived_collection(timeline),
        called_flows.children_in_turn(timeline), called_flows.deployment_limit(timeline),
    ]  # fmt: skip
    if limit != 1:
        findings.append(order.one_at_a_time(timeline))
    if limit is not None:
        timeline.ideal(limit)  # raises if it is not a limit
    judged = limits_judged(timeline, limit)
    for tag, most in judged.items():
        findings += slots.about(timeline.where(tag=tag), inputs, most, tag, with_hand_over=not barriers)
    if limit is not None and not judged:
        findings += slots.about(without_callers(timeline, timeline), inputs, limit, with_hand_over=not barriers)
    if any(finding and finding.code in ("slots-elsewhere", "slots-unexplained") for finding in findings):
        findings = [finding for finding in findings if not finding or finding.code != "one-at-a-time"]
    codes = list(CODES)
    return sorted((finding for finding in findings if finding), key=lambda finding: codes.index(finding.code))


def limits_judged(timeline: Timeline, limit: int | None) -> dict[str, int]:
    """The tags of these tasks that have a limit on the server, with that limit; if one is given, only those with it.

    A limit of 0 is left out: it lets no task start, so there is nothing to judge.
    """
    tags = sorted({tag for span in timeline for tag in span.tags} & timeline.around.limits.keys())
    limits = {tag: timeline.around.limits[tag] for tag in tags}
    return {tag: most for tag, most in limits.items() if most and limit in (None, most)}


def limited(timeline: Timeline, limit: int) -> Timeline:
    """Those of the tasks that a limit belongs to: with a tag that has it on the server; all, if none has."""
    tags = limits_judged(timeline, limit).keys()
    if not tags:
        return timeline
    kept = tuple(span for span in timeline if span.tags & tags)
    return replace(timeline, spans=kept, until=timeline.now)


def explain(timeline: Timeline, limit: int | None = None) -> str:
    """The findings as text, a line for each; without any, a line with what was measured.

    Args:
        timeline: as for `diagnose`.
        limit: as for `diagnose`.
    """
    findings = diagnose(timeline, limit)
    lines = [] if any(found.code == "flow-ended-first" for found in findings) else _how_it_ended(timeline)
    lines += _what_is_judged(timeline, limit)
    lines += [found.text for found in findings] or [_no_problems(timeline, limit)]
    return "\n".join(lines)


def _no_problems(timeline: Timeline, limit: int | None) -> str:
    begin = "No other problems found" if timeline.around.state in endings.ENDED else "No problems found"
    if not timeline.makespan:
        return f"{begin}: no task ran."
    judged = timeline if limit is None else limited(timeline, limit)
    ideal = "" if limit is None else f"; the ideal for {limit} slots is {judged.ideal(limit):.2f} s"
    going = sum(span.start is not None and span.end is None for span in judged)
    so_far, rest = (" so far", f"; {going} still running") if going else ("", "")
    took = f"{count(len(judged))} in {judged.makespan:.2f} s, at most {judged.peak} at once"
    return f"{begin}{so_far}: {took}{ideal}{rest}."


def _how_it_ended(timeline: Timeline) -> list[str]:
    """The sentence that the flow run did not complete, and why."""
    state, message = timeline.around.state, timeline.around.message
    return (
        [f"The flow run {endings.ENDED[state]}{f': {message}' if message else '.'}"] if state in endings.ENDED else []
    )


def _what_is_judged(timeline: Timeline, limit: int | None) -> list[str]:
    """What a reader must know about the findings: which tasks a limit belongs to, and how often the flow was tried."""
    lines, around = [], timeline.around
    judged = limits_judged(timeline, limit)
    if len(set(judged.values())) > 1:
        each = named(tuple(f"{tag!r} ({most})" for tag, most in judged.items()))
        lines.append(f"Each tag is judged by its own limit: {each}.")
    elif judged:
        most = next(iter(judged.values()))
        if (part := len(limited(timeline, most))) < len(timeline):
            tags = named(tuple(map(repr, judged)))
            each = f"the tag {tags}" if len(judged) == 1 else f"each of the tags {tags}"
            lines.append(f"The limit of {most} belongs to {each}: {part} of {count(len(timeline))} have it.")
    if around.tries > 1:
        lines.append(f"The flow run was tried {around.tries} times, and each attempt is judged separately.")
    return lines
