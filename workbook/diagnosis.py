"""Says in words what a timeline shows, with the evidence: which tasks, how many seconds.

A learner sees bars; a grader needs the name of the mistake. Both come from here. A diagnosis is given only where the
records prove it, because a warning about a good run teaches distrust of all of them. What they can and cannot prove:

- Tasks are independent when Prefect recorded no path of results between them (`Span.parents`). It records none for
  results like None, True or small numbers, so tasks are compared only with others of the same task.
- A task that was created early and started late waited for a slot. One that was created late was held back by the code
  of the flow or by a full task runner: Prefect creates the task run when a worker takes it up (measured, Prefect 3.8).
"""

import itertools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from workbook.timeline import Span, Timeline

# Seconds below which Prefect's own work decides how tasks lie: one may end before the next has been submitted.
NOTICEABLE = 0.05
LAST = re.compile(r"clean[_-]?up|teardown|publish", re.IGNORECASE)  # what such tasks do comes after all other work


@dataclass(frozen=True)
class Finding:
    """One thing that a timeline shows.

    Args:
        code: its stable name, one of the keys of `CODES`.
        text: what the tasks did, the evidence, and what to look for, in a few sentences.
        tasks: the names of the task runs that show it, in order.
        seconds: what it cost or measures, as `CODES` says.
    """

    code: str
    text: str
    tasks: tuple[str, ...]
    seconds: float | None


CODES = {
    "limit-exceeded": "more ran at once than the limit allows; seconds: how long",
    "outlived-collection": "tasks ended after the flow's function returned; seconds: how long after",
    "early-cleanup": "clean-up or publishing began before the work had ended; seconds: how much too early",
    "one-at-a-time": "independent tasks ran one after the other; seconds: from the first start to the last end",
    "batch-barriers": "every batch waited for its slowest task; seconds: idle, over all slots",
    "limit-not-reached": "fewer ran at once than the limit allows, with more to do; seconds: none",
    "slow-hand-over": "slots stood empty while tasks waited for one; seconds: empty, over all slots",
    "straggler": "one long task ran on alone at the end; seconds: how long alone",
}  # in order of importance: wrong results first, lost time after


def diagnose(timeline: Timeline, limit: int | None = None) -> list[Finding]:
    """What there is to say about how these tasks ran.

    Args:
        timeline: the tasks. A limit that belongs to a tag is judged on `timeline.where(tag=…)`.
        limit: how many of them may run at once; None if nothing limits them.

    Returns:
        The findings in order of importance, at most one of each code; an empty list if all is well.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    if limit is not None:
        timeline.ideal(limit)  # refuses a limit that is none
    barriers = _batch_barriers(timeline)
    findings = [barriers, _outlived_collection(timeline), _early_cleanup(timeline), _straggler(timeline)]
    if limit != 1:
        findings.append(_one_at_a_time(timeline))
    if limit is not None:
        ran = _not_crashed(timeline)
        findings += [_limit_exceeded(ran, limit), _limit_not_reached(ran, limit)]
        if not barriers:
            findings.append(_slow_hand_over(ran, limit))
    order = list(CODES)
    return sorted((finding for finding in findings if finding), key=lambda finding: order.index(finding.code))


def explain(timeline: Timeline, limit: int | None = None) -> str:
    """The findings as text, a line for each; or a line with what was measured, if there are none.

    Args:
        timeline: as for `diagnose`.
        limit: as for `diagnose`.
    """
    findings = diagnose(timeline, limit)
    if findings:
        return "\n".join(finding.text for finding in findings)
    if not timeline.makespan:
        return "Nothing to remark: no task ran."
    ideal = "" if limit is None else f"; the ideal for {limit} slots is {timeline.ideal(limit):.2f} s"
    return (
        f"Nothing to remark: {_tasks(len(timeline))} took {timeline.makespan:.2f} s, "
        f"at most {timeline.peak} at once{ideal}."
    )


# ----------------------------------------
# Limits


def _not_crashed(timeline: Timeline) -> Timeline:
    """The tasks whose records tell when they held a slot.

    A flow that ends has its waiting tasks cancelled: each gets a slot, does nothing, and is Crashed; the slot may be
    another's before that end is recorded (measured, Prefect 3.8).
    """
    kept = tuple(span for span in timeline if span.state != "CRASHED")
    return replace(timeline, spans=kept, until=timeline.now)


def _limit_exceeded(timeline: Timeline, limit: int) -> Finding | None:
    if timeline.peak <= limit:
        return None
    curve = timeline.curve()
    steps = itertools.pairwise(curve)
    over = math.fsum(following - moment for (moment, running), (following, _) in steps if running > limit)
    worst = next(moment for moment, running in curve if running == timeline.peak)
    names = tuple(s.name for s in timeline if s.start is not None and s.start <= worst < timeline.end_of(s))
    text = (
        f"{timeline.peak} tasks ran at once under a limit of {limit}, {worst - timeline.origin:.2f} s from the "
        f"beginning: {_named(names)}. More than {limit} ran for {over:.2f} s, so the limit was not in force: look for "
        "a tag that is not exactly the limit's name, a limit that was never created, or one created too late (Prefect "
        "remembers for 5 s that there was none)."
    )
    return Finding("limit-exceeded", text, names, over)


def _limit_not_reached(timeline: Timeline, limit: int) -> Finding | None:
    for group in _alike(timeline):
        # While one of these runs there is time to submit as many others as the limit allows.
        long = [span for span in group if _length(timeline, span) >= NOTICEABLE * limit]
        if len(long) > limit and 1 < (peak := _peak_beside(timeline, group)) < limit:
            names = _names(group)
            text = (
                f"No more than {peak} of the {len(group)} tasks {_named(names)} ran at once, although the limit allows "
                f"{limit}. {_who_held_back(group)}"
            )
            return Finding("limit-not-reached", text, names, None)
    return None


def _who_held_back(group: list[Span]) -> str:
    first_end = min((span.end for span in group if span.end is not None), default=math.inf)
    if all(span.created < first_end for span in group):
        return (
            "All were created before the first had ended, and waited: look for a second tag with a smaller limit, or "
            "slots that another run holds."
        )
    return (
        "Some were created only after others had ended: look for .result() or .wait() in the loop that submits, "
        "batches smaller than the limit, or a task runner with fewer workers."
    )


def _slow_hand_over(timeline: Timeline, limit: int) -> Finding | None:
    full = next((moment for moment, running in timeline.curve() if running >= limit), None)
    if full is None or timeline.peak > limit:
        return None
    late = tuple(s for s in timeline if s.start is not None and s.start > full)
    lost, ideal = _lost(timeline, limit, full), timeline.ideal(limit)
    if not late or lost / limit <= ideal / 10:
        return None
    names = _names(late)
    text = (
        f"Slots stood empty for {lost:.2f} slot-seconds while tasks waited for one, {lost / len(late):.2f} s at each "
        f"of {len(late)} hand-overs: that is {lost / limit / timeline.makespan:.0%} of the makespan of "
        f"{timeline.makespan:.2f} s (ideal {ideal:.2f} s). Tasks under a tag limit ask again and again until a slot is "
        f"free; inside one flow, a ThreadPoolTaskRunner(max_workers={limit}) hands over at once."
    )
    return Finding("slow-hand-over", text, names, lost)


def _lost(timeline: Timeline, limit: int, since: float) -> float:
    """Slot-seconds from `since` to the last start in which a slot was free and a task was waiting for one."""
    ends = {span.id: timeline.end_of(span) for span in timeline if span.id}
    changes: defaultdict[float, list[int]] = defaultdict(lambda: [0, 0])  # moment → running, waiting
    for span in timeline:
        if span.start is None:
            continue
        # A task that is given another's result waits for that one, and not for a slot.
        given = (ends.get(parent) for parent in span.parents)
        ready = max([span.created, *(end for end in given if end is not None)])
        if ready < span.start:
            changes[max(ready, since)][1] += 1
            changes[max(span.start, since)][1] -= 1
        if (end := timeline.end_of(span)) > span.start:
            changes[max(span.start, since)][0] += 1
            changes[max(end, since)][0] -= 1
    lost, running, waiting, previous = [], 0, 0, since
    for moment in sorted(changes):
        lost.append(max(0, min(limit - running, waiting)) * (moment - previous))
        running, waiting, previous = running + changes[moment][0], waiting + changes[moment][1], moment
    return math.fsum(lost)


# ----------------------------------------
# Held back by the code of the flow


def _one_at_a_time(timeline: Timeline) -> Finding | None:
    for group in _alike(timeline):
        long = [span for span in group if _length(timeline, span) >= NOTICEABLE]
        if len(long) < 3 or _peak_beside(timeline, group) > 1:
            continue
        names, parts = _names(group), Timeline(group, until=timeline.now)
        held_back = sum(late.created >= timeline.end_of(early) for early, late in itertools.pairwise(group))
        took = (
            f"The {len(group)} tasks {_named(names)} ran one at a time, in {parts.makespan:.2f} s, although none was "
            f"given another's result; the longest alone took {parts.longest:.2f} s. "
        )
        if held_back > len(group) // 2:
            why = (
                "Each was created only after the one before had ended: look for .result() inside the loop that "
                "submits, a task that is called instead of submitted, or a task runner with one worker. Submit all "
                "first, then collect."
            )
        else:
            why = f"They were created early and waited, up to {max(parts.waits):.2f} s: look for a limit of 1."
        return Finding("one-at-a-time", took + why, names, parts.makespan)
    return None


def _batch_barriers(timeline: Timeline) -> Finding | None:
    for group in _alike(timeline):
        batches = [Timeline(batch, until=timeline.now) for batch in _batches(group)]
        if sum(len(batch) > 1 for batch in batches) < 2 or any(len(batch) < 2 for batch in batches[:-1]):
            continue  # one more after the rest is a second stage, not a second batch
        if not any(_slots_stood_idle(batch) for batch in batches[:-1]):
            continue
        # Nothing waits behind the last batch, so what idles there is not the barrier's doing.
        idle = max(0.0, math.fsum(b.peak * b.makespan - b.busy for b in batches[:-1]))
        slowest = _names(max(b.spans, key=lambda s: s.end) for b in batches[:-1])
        slots, whole = max(b.peak for b in batches), Timeline(group, until=timeline.now)
        text = (
            f"{len(group)} tasks ran in {len(batches)} batches of up to {max(map(len, batches))}, none begun "
            f"before the slowest of the batch before had ended: {_named(slowest)}. Meanwhile slots idled for "
            f"{idle:.2f} slot-seconds; the makespan is {whole.makespan:.2f} s, and {whole.ideal(slots):.2f} s is ideal "
            f"for {slots} at once. Submit all, and let a limit or the task runner's workers hold them back."
        )
        return Finding("batch-barriers", text, slowest, idle)
    return None


def _slots_stood_idle(batch: Timeline) -> bool:
    """Whether a slot was free for noticeably long before the end of a batch.

    Without that the next tasks may just as well come from a pool whose workers all finished together by chance.
    """
    ends = sorted((span.end for span in batch), reverse=True)[: batch.peak]
    return len(ends) > 1 and ends[0] - ends[-1] >= NOTICEABLE


def _batches(group: list[Span]) -> list[list[Span]]:
    """The group in order of creation, parted wherever all that came before had ended."""
    batches, ended = [], -math.inf
    for span in sorted(group, key=lambda s: (s.created, s.index)):
        if not batches or span.created >= ended:
            batches.append([])
        batches[-1].append(span)
        ended = max(ended, math.inf if span.end is None else span.end)
    return batches


# ----------------------------------------
# The end of a run


def _straggler(timeline: Timeline) -> Finding | None:
    started = [span for span in timeline if span.start is not None]
    if any(span.end is None for span in started):
        return None  # which one is the last remains to be seen
    for group in [*_alike(timeline), started]:
        if len(group) < 3:
            continue
        last = max(group, key=lambda s: s.end)
        others = max((s.end for s in started if s is not last and s.start < last.end), default=last.start)
        alone = last.end - others
        whole, usual = Timeline(group), median(s.seconds for s in group)
        # One that began only when the others had ended is a next step, which cannot be told from its place in time.
        if last.start < others and alone > max(whole.makespan / 4, NOTICEABLE) and last.seconds > 2 * usual:
            text = (
                f"{last.name} took {last.seconds:.2f} s, where half of the {len(group)} tasks took {usual:.2f} s or "
                f"less, and ran on alone for {alone:.2f} s of the {whole.makespan:.2f} s. It started "
                f"{last.start - whole.spans[0].start:.2f} s after the first: submit the longest first, or split it."
            )
            return Finding("straggler", text, (last.name,), alone)
    return None


def _early_cleanup(timeline: Timeline) -> Finding | None:
    closing = [s for s in timeline if s.start is not None and LAST.search(s.task or s.name)]
    work = [s for s in timeline if s.start is not None and not LAST.search(s.task or s.name)]
    ids = {span.id for span in work if span.id}
    early, open_then = [], {}
    for span in closing:
        if span.parents & ids and sum(other.task == span.task for other in closing) > 1:
            continue  # one clean-up for each query comes after its own, not after all
        # Not the work of a next round. What is submitted first may be created a little later: threads race.
        behind = [w for w in work if w.created <= span.created + NOTICEABLE and timeline.end_of(w) > span.start]
        if behind:
            early.append(span)
            open_then |= dict.fromkeys(behind)
    if not early:
        return None
    first = early[0]
    seconds = max(timeline.end_of(w) for w in open_then) - first.start
    names, unfinished = _names(early), _names(open_then)
    text = (
        f"{_named(names)} began {seconds:.2f} s before the work had ended: {_named(unfinished)} still ran or waited. "
        "Collect their results first, or name their futures in wait_for."
    )
    return Finding("early-cleanup", text, names, seconds)


def _outlived_collection(timeline: Timeline) -> Finding | None:
    returned = timeline.returned
    if returned is None:
        return None
    outlived = [span for span in timeline if span.start is not None and timeline.end_of(span) > returned]
    if not outlived:
        return None
    names, states = _names(outlived), Counter(span.state for span in outlived)
    seconds = max(timeline.end_of(span) for span in outlived) - returned
    failed = f"; {states['FAILED']} of them failed unseen" if states["FAILED"] else ""
    crashed = f"; {states['CRASHED']} of them cancelled" if states["CRASHED"] else ""
    text = (
        f"{_tasks(len(outlived))} ended after the flow's function had returned, up to {seconds:.2f} s later: "
        f"{_named(names)}{failed}{crashed}. Nobody collected their results, so a failure there is lost and makes no "
        "flow fail: call .result() on every future."
    )
    return Finding("outlived-collection", text, names, seconds)


# ----------------------------------------
# Shared


def _alike(timeline: Timeline) -> list[list[Span]]:
    """The spans that started, in groups of the same task and the same depth of inputs, largest first.

    No span of such a group was given the result of another, however many steps away.
    """
    depth: dict[str, int] = {}
    groups: defaultdict[tuple[str, int], list[Span]] = defaultdict(list)
    for span in sorted(timeline, key=lambda s: (s.created, s.index)):  # a parent is created before its children
        here = 1 + max((depth.get(parent, -1) for parent in span.parents), default=-1)
        if span.id:
            depth[span.id] = here
        if span.start is not None:
            groups[span.task, here].append(span)
    for group in groups.values():
        group.sort(key=lambda s: (s.start, s.created, s.index))
    return sorted(groups.values(), key=len, reverse=True)


def _peak_beside(timeline: Timeline, group: list[Span]) -> int:
    """How many ran at once, of whatever task, between the first start and the last end of a group."""
    first, last = min(span.start for span in group), max(timeline.end_of(span) for span in group)
    steps = itertools.pairwise(timeline.curve())
    return max(
        (running for (moment, running), (following, _) in steps if following > first and moment < last), default=0
    )


def _length(timeline: Timeline, span: Span) -> float:
    return timeline.end_of(span) - span.start


def _names(spans: Iterable[Span]) -> tuple[str, ...]:
    return tuple(span.name for span in spans)


def _named(names: tuple[str, ...]) -> str:
    if len(names) > 4:  # "and 1 more" would be no shorter than its name
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"
