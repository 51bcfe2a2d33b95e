"""Findings about order: what ran one after the other, in batches, alone at the end, or too early."""

import itertools
import math
import re
from collections import Counter
from statistics import median

from workbook.timelines.endings import ENDED
from workbook.timelines.finding import NOTICEABLE, Finding, alike, both, length, named, names_of, peak_beside
from workbook.timelines.timeline import Span, Timeline

# Tasks of such names come after all other work.
LAST = re.compile(r"(?<![a-z])(clean[_-]?up|teardown|publish)(?![a-z])", re.IGNORECASE)
PAUSE = 0.5  # seconds after the end of a batch within which a flow that only waited for it submits the next


def one_at_a_time(timeline: Timeline) -> Finding | None:
    """Three or more tasks that could have run at once, and never did."""
    limits = timeline.around.limits
    for group in alike(timeline):
        long = [span for span in group if length(timeline, span) >= NOTICEABLE]
        if len(long) < 3 or peak_beside(timeline, group) > 1:
            continue
        if any(limits.get(tag) == 1 for span in group for tag in span.tags):
            continue  # the server lets only one of them run at a time
        if all(span.state == "FAILED" for span in group[:-1]):
            continue  # the same thing, tried again by hand until it worked
        names, parts = names_of(group), Timeline(group, until=timeline.now)
        held_back = sum(late.created >= timeline.end_of(early) for early, late in itertools.pairwise(group))
        took = (
            f"The {len(group)} tasks {named(names)} ran one at a time, in {parts.makespan:.2f} s; the longest took "
            f"{parts.longest:.2f} s. "
        )
        if held_back > len(group) // 2:
            why = (
                "Each was created only after the one before had ended. Did each need the one before (a next page to "
                "fetch, a status to check, a step whose order matters), or did you slow them down on purpose, with "
                "rate_limit(), a sleep or a semaphore? The records show no result passed between them, but they can't "
                "show everything. If neither, look for .result() in the loop that submits, a task that is called "
                "instead of submitted, a task runner with one worker, or async code that blocks the event loop. "
                "Submit all tasks first, then collect their results."
            )
        else:
            why = (
                f"They were created early and waited, up to {max(parts.waits):.2f} s: look for a limit of 1, slots "
                "held by something else, wait_for, or a call that blocks the event loop of async tasks."
            )
        return Finding("one-at-a-time", took + why, names, parts.makespan)
    return None


def batch_barriers(timeline: Timeline) -> Finding | None:
    """Tasks that ran in batches, each of which waited for the slowest task of the batch before."""
    for group in alike(timeline):
        batches = [Timeline(batch, until=timeline.now) for batch in _batches(group)]
        if sum(len(batch) > 1 for batch in batches) < 2 or any(len(batch) < 2 for batch in batches[:-1]):
            continue  # one more after the rest is a second stage, not a second batch
        if not any(_slots_stood_idle(batch) for batch in batches[:-1]):
            continue
        if any(_came_later(timeline, before, late) for before, late in itertools.pairwise(batches)):
            continue
        # Nothing waits behind the last batch, so slots that are idle there were not kept idle by a barrier.
        idle = max(0.0, math.fsum(b.peak * b.makespan - b.busy for b in batches[:-1]))
        slowest = names_of(max(b.spans, key=lambda s: s.end) for b in batches[:-1])
        slots, whole = max(b.peak for b in batches), Timeline(group, until=timeline.now)
        text = (
            f"{len(group)} tasks ran in {len(batches)} batches of up to {max(map(len, batches))}. Each batch waited "
            f"for the slowest task of the one before: {named(slowest)}. Until the last batch, slots were idle for "
            f"{idle:.2f} slot-seconds; the makespan is {whole.makespan:.2f} s, the ideal for {slots} at once "
            f"{whole.ideal(slots):.2f} s. "
            "Did each batch need the results of the one before, or an approval in between? If not, submit all tasks "
            "at once, and let a limit or the task runner's workers hold them back."
        )
        return Finding("batch-barriers", text, slowest, idle)
    return None


def _slots_stood_idle(batch: Timeline) -> bool:
    """Whether a slot was free for noticeably long before the end of a batch.

    If none was, the next tasks may also come from a pool whose workers happened to finish together.
    """
    ends = sorted((span.end for span in batch), reverse=True)[: batch.peak]
    return len(ends) > 1 and ends[0] - ends[-1] >= max(NOTICEABLE, batch.makespan / 10)


def _came_later(timeline: Timeline, before: Timeline, late: Timeline) -> bool:
    """Whether something else than a barrier may have held back the later batch: a pause, or inputs that weren't there.

    An input counts if it was on its way already when the batch before ended: it wasn't held back itself.
    """
    ended = max(span.end for span in before)
    on_its_way = {
        other.id for other in both(timeline)
        if other.start is not None and other.end is not None and other.start < ended <= other.end
    }  # fmt: skip
    pause = min(span.created for span in late) - ended
    return pause > max(PAUSE, before.makespan / 4) or any(span.parents & on_its_way for span in late)


def _batches(group: list[Span]) -> list[list[Span]]:
    """The group in order of creation, split wherever all earlier ones had ended."""
    batches, ended = [], -math.inf
    for span in sorted(group, key=lambda s: (s.created, s.index)):
        if not batches or span.created >= ended:
            batches.append([])
        batches[-1].append(span)
        ended = max(ended, math.inf if span.end is None else span.end)
    return batches


def straggler(timeline: Timeline, inputs: dict[Span, float]) -> Finding | None:
    """One task that took much longer than the others, or was tried again, and ran alone at the end.

    `inputs` has the moment when the last input of each task run was there, as `last_inputs` tells.
    """
    started = [span for span in timeline if span.start is not None]
    if any(span.end is None for span in started) or timeline.around.state in ENDED:
        return None  # it isn't known which one would have ended last
    for group in [*alike(timeline), started]:
        if len(group) < 3:
            continue
        last = max(group, key=lambda s: s.end)
        beside = [*(s for s in started if s is not last), *_children_beside(timeline, last)]
        others = max((timeline.end_of(s) for s in beside if s.start < last.end), default=last.start)
        alone = last.end - others
        needed = any(last.id in s.parents for s in [*started, *timeline.around.children] if last.id)
        if last.state != "COMPLETED" or needed:
            continue  # it was stopped from outside, or others needed its result, or it waits for tasks that it calls
        ran = [s.seconds for s in group if s.state == "COMPLETED" and not s.cached]
        if len(ran) < 3:
            continue
        whole, usual = Timeline(group), median(ran)
        # One that started only after the others had ended may be a next step that needs their results.
        if last.start < others and alone > max(whole.makespan / 4, NOTICEABLE) and last.seconds > 2 * usual:
            if last.tries > 1:
                delays = "with its retry delays" if sum(over - begun for begun, over in last.delays) else "in all"
                text = (
                    f"{last.name} was tried {last.tries} times. It took {last.seconds:.2f} s {delays}, and ran alone "
                    f"for {alone:.2f} s of the {whole.makespan:.2f} s. Under a limit, it keeps its slot from the first "
                    "try to the last."
                )
                return Finding("retry-delay", text, (last.name,), alone)
            late = last.start - whole.spans[0].start
            if late > NOTICEABLE and last.start - inputs[last] < late / 2:
                advice = "It started when its inputs were there: if it needs them, split it; if not, submit it first."
            elif late > max(NOTICEABLE, whole.makespan / 10):
                advice = f"It started {late:.2f} s after the first: submit the longest task first, if you know which "
                advice += "it is, or split it."
            else:
                advice = "It was among the first to start, so split it, if that's possible."
            text = (
                f"{last.name} took {last.seconds:.2f} s, while half of the {len(group)} tasks took {usual:.2f} s or "
                f"less. It ran alone for {alone:.2f} s of the {whole.makespan:.2f} s. {advice} If it waited in its "
                "code, for concurrency(), a lock or other tasks, the records show that as running."
            )
            return Finding("straggler", text, (last.name,), alone)
    return None


def _children_beside(timeline: Timeline, span: Span) -> list[Span]:
    """The called flow runs that started, without those around this task: its own, and those that called that."""
    called_by = {child.id: child.flow for child in timeline.around.children}
    around, flow = set(), span.flow
    while flow in called_by:
        around.add(flow)
        flow = called_by[flow]
    return [child for child in timeline.around.children if child.start is not None and child.id not in around]


def early_cleanup(timeline: Timeline) -> Finding | None:
    """Tasks named clean-up, teardown or publish that started while other tasks were going."""
    often = Counter((s.task, s.flow, s.attempt) for s in timeline if s.task)
    last = {s for s in timeline if LAST.search(s.task or s.name) and often[s.task, s.flow, s.attempt] < 2}
    closing = [s for s in timeline if s.start is not None and s in last]  # once: not a step of each item
    work = [s for s in timeline if s.start is not None and s not in last]
    ids = {span.id for span in [*work, *timeline.around.children] if span.id}
    early, open_then = [], {}
    for span in closing:
        if span.parents & ids or any(span.id in w.parents for w in work if span.id):
            continue  # it comes after what it was given, or before what it was given to: a step among others
        if all(span.created < w.created for w in work):
            continue  # it comes first
        # The work of a next round doesn't count. A task that is submitted first may be created a little later.
        behind = [
            w for w in work
            if w.created <= span.created + NOTICEABLE and timeline.end_of(w) > span.start and w.flow == span.flow
        ]  # fmt: skip
        if behind:
            early.append(span)
            open_then |= dict.fromkeys(behind)
    if not early:
        return None
    first = early[0]
    seconds = max(timeline.end_of(w) for w in open_then) - first.start
    names, unfinished = names_of(early), names_of(open_then)
    text = (
        f"{named(names)} started {seconds:.2f} s before the work had ended: {named(unfinished)} "
        f"{'was' if len(unfinished) == 1 else 'were'} still running or waiting. Does it touch something that they use? "
        "If so, collect their results first, or pass their futures to wait_for."
    )
    return Finding("early-cleanup", text, names, seconds)
