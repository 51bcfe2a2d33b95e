"""Findings about a limit: was it in force, was it reached, and who held its slots."""

import itertools
import math
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from workbook.timelines.finding import NOTICEABLE, Finding, alike, callers, count, length, named, names_of, peak_beside
from workbook.timelines.timeline import Span, Timeline

LONG_WAIT = 1.0  # seconds: the slot wait of the workbook's own server is 0.1, Prefect's default 10


def about(
    timeline: Timeline, inputs: Mapping[Span, float], limit: int, tag: str = "", with_hand_over: bool = True
) -> list[Finding | None]:
    """Everything about a limit on these tasks.

    Where slots are known to have been held by something else, nothing more is said about the waits for one.

    Args:
        timeline: the tasks that the limit belongs to.
        inputs: when the last input of each task of the whole run was there, as `last_inputs` tells.
        limit: how many of them may run at once.
        tag: the tag that has this limit on the server; empty if the server isn't known to have it.
        with_hand_over: False where batches explain the empty slots.
    """
    ran, alone = not_crashed(timeline), len(timeline) == len(inputs)
    ready = {span: max(span.created, inputs[span]) for span in ran}
    elsewhere, unexplained = _slots_elsewhere(ran, ready, limit, tag), _slots_unexplained(ran, ready, limit, tag)
    findings = [limit_exceeded(ran, limit, tag), elsewhere, unexplained, deadlock(timeline, limit, tag)]
    if not (elsewhere or unexplained) and not _other_limits(ran, tag):
        findings.append(limit_not_reached(ran, inputs, limit, tag))
        if with_hand_over and (tag or not timeline.around.state):  # not read from a server: taken for a tag's limit
            findings.append(slow_hand_over(ran, ready, limit, tag, alone))
    return findings


def _other_limits(timeline: Timeline, tag: str) -> bool:
    """Whether some of the tasks have another tag with a limit, which may hold them back."""
    return any(span.tags & timeline.around.limits.keys() - {tag} for span in timeline)


def _slots_elsewhere(timeline: Timeline, ready: Mapping[Span, float], limit: int, tag: str) -> Finding | None:
    """Tasks of other flow runs that held slots while tasks of this one waited and no slot was free."""
    others = [span for span in timeline.around.others if tag in span.tags and span.start is not None]
    theirs = [(other.start, timeline.now if other.end is None else other.end) for other in others]
    own = [(span.start, timeline.end_of(span)) for span in timeline if span.start is not None]
    waits = [(ready[s], s.start) for s in timeline if s.start is not None and s.start - ready[s] > NOTICEABLE]
    full, held = [], 0.0  # the stretches in which a task waited, others held slots, and none was free
    for begun, over, (waiting, running, elsewhere) in _together(waits, own, theirs):
        if waiting and elsewhere and running + elsewhere >= limit:
            full.append((begun, over))
            held += (over - begun) * elsewhere
    held_by = [
        other for other, (start, end) in zip(others, theirs, strict=True)
        if any(max(start, begun) < min(end, over) for begun, over in full)
    ]  # fmt: skip
    if not held_by:
        return None
    names = names_of(held_by)
    text = (
        f"While tasks waited here, {count(len(held_by))} of other flow runs held slots of the limit of {limit} on "
        f"{tag!r}: {named(names)}. The limit counts all task runs on the server with this tag, so these waits say "
        "nothing about this flow's code."
    )
    return Finding("slots-elsewhere", text, names, held)


def _together(*kinds: list[tuple[float, float]]) -> Iterator[tuple[float, float, list[int]]]:
    """Stretches of time, each with how many intervals of each kind cover it."""
    changes: defaultdict[float, list[int]] = defaultdict(lambda: [0] * len(kinds))
    for kind, intervals in enumerate(kinds):
        for begun, over in intervals:
            changes[begun][kind] += 1
            changes[over][kind] -= 1
    counts = [0] * len(kinds)
    for moment, following in itertools.pairwise(sorted(changes)):
        counts = [number + change for number, change in zip(counts, changes[moment], strict=True)]
        yield moment, following, counts


def _slots_unexplained(timeline: Timeline, ready: Mapping[Span, float], limit: int, tag: str) -> Finding | None:
    """Slots that were taken though no running task run held them, and that this run could have used."""
    taken = timeline.around.unexplained.get(tag, 0)
    waited = [s for s in timeline if (timeline.now if s.start is None else s.start) - ready[s] > NOTICEABLE]
    if not taken or not waited or not limit - taken <= timeline.peak < limit:
        return None
    text = (
        f"{taken} of the {limit} slots of the limit on {tag!r} are taken, but no running task run holds them, so at "
        f"most {timeline.peak} ran at once here. Either another client holds them, with concurrency(), or they leaked "
        "from a client that was killed (they are free again when their lease ends, within about a minute) or in a "
        "restart of the server (they stay taken). If nothing else is running, `prefect gcl update "
        f"{shlex.quote(f'tag:{tag}')} --active-slots 0` frees them."
    )
    return Finding("slots-unexplained", text, names_of(waited), None)


def deadlock(timeline: Timeline, limit: int, tag: str) -> Finding | None:
    """Tasks that got no slot before those that called them, and waited for them, had ended: these held all slots."""
    waited, holders = [], {}
    by_id = {span.id: span for span in timeline if span.id}
    for span in timeline:
        begun = timeline.now if span.start is None else span.start
        over = [one for one in callers(span, by_id, span.created) if timeline.end_of(one) <= begun]
        if over and begun - span.created > NOTICEABLE:
            waited.append(span)
            holders |= dict.fromkeys(over)
    if not tag or Timeline(tuple(holders), until=timeline.now).peak < limit:
        return None
    slot, held = ("the only slot", "held it") if limit == 1 else (f"one of the {limit} slots", "held them all")
    text = (
        f"{named(names_of(waited))} waited for {slot} of the limit on {tag!r}, but {named(names_of(holders))} {held} "
        f"while waiting for what {'it' if len(holders) == 1 else 'they'} had called: a deadlock. Give the tag only to "
        "the task that is called. (`with tags(…)` also tags what a task inside it calls.)"
    )
    return Finding("deadlock", text, names_of(waited), None)


def not_crashed(timeline: Timeline) -> Timeline:
    """The tasks whose records show when they held a slot.

    When a flow ends, Prefect cancels its waiting tasks: each gets a slot, does nothing, and is Crashed. Another task
    may have that slot before this end is recorded (docs/facts.md).
    """
    kept = tuple(span for span in timeline if span.state != "CRASHED")
    return replace(timeline, spans=kept, until=timeline.now)


def limit_exceeded(timeline: Timeline, limit: int, tag: str = "") -> Finding | None:
    """More tasks at once than the limit allows."""
    if timeline.peak <= limit:
        return None
    curve = timeline.curve()
    steps = itertools.pairwise(curve)
    over = math.fsum(following - moment for (moment, running), (following, _) in steps if running > limit)
    worst = next(moment for moment, running in curve if running == timeline.peak)
    names = tuple(s.name for s in timeline if s.start is not None and s.start <= worst < timeline.end_of(s))
    text = (
        f"{timeline.peak} tasks ran at once under a limit of {limit}, {worst - timeline.origin:.2f} s after the "
        f"first start: {named(names)}. More than {limit} ran for {over:.2f} s in all. {_why_exceeded(timeline, tag)}"
    )
    return Finding("limit-exceeded", text, names, over)


def _why_exceeded(timeline: Timeline, tag: str) -> str:
    inside = (
        "A task that takes slots itself, with concurrency() or rate_limit(), is Running while it waits, so the records "
        "can't show whether the code in it kept to a limit."
    )
    if timeline.around.state and not any(span.tags for span in timeline):
        return f"None of them has a tag, so no tag's limit held them back. {inside}"
    tags = [tag] if tag else sorted({t for span in timeline for t in span.tags} & timeline.around.limits.keys())
    if tags:
        return (
            f"The limit on {tags[0]!r} is {timeline.around.limits[tags[0]]} on the server now: was it changed during "
            "the run, or created too late (a client remembers for 5 s that a tag has no limit)?"
        )
    return (
        "None of their tags has a limit on the server: look for a tag that differs from the limit's name, a limit that "
        f"was never created, or one created too late (a client remembers for 5 s that a tag has no limit). {inside}"
    )


def limit_not_reached(timeline: Timeline, inputs: Mapping[Span, float], limit: int, tag: str = "") -> Finding | None:
    """Fewer tasks at once than the limit allows, though there were more to run."""
    if timeline.peak >= limit:
        return None  # together with tasks of another kind, or with those that called them
    for group in alike(timeline):
        first = min(span.created for span in group)
        if any(inputs[span] - first > NOTICEABLE and span.created - inputs[span] < NOTICEABLE for span in group):
            continue  # they came as the tasks that they waited for ended
        # While one of these runs there is time to submit as many others as the limit allows.
        long = [span for span in group if length(timeline, span) >= NOTICEABLE * limit]
        if len(long) > limit and 1 < (peak := peak_beside(timeline, group)) < limit:
            names = names_of(group)
            on = f" on {tag!r}" if tag else ""
            text = (
                f"No more than {peak} of the {len(group)} tasks {named(names)} ran at once, although the limit{on} "
                f"allows {limit}. {_who_held_back(group, tag)}"
            )
            return Finding("limit-not-reached", text, names, None)
    return None


def _who_held_back(group: list[Span], tag: str) -> str:
    first_end = min((span.end for span in group if span.end is not None), default=math.inf)
    if all(span.created < first_end for span in group):
        if tag:  # other tags with a limit, and slots of other task runs, have been ruled out
            return (
                "All were created before the first had ended, and waited, although no other task run held a slot. Was "
                f"the limit on {tag!r} lower at that time? If not, the server hands out slots too slowly for such "
                "tasks, or another client held some with concurrency()."
            )
        return (
            "All were created before the first had ended, and waited: look for a second tag with a smaller limit, or "
            "slots held by another run."
        )
    return (
        "Some were created only after others had ended. Did they come in one by one, from a source or after a sleep? "
        "If not, look for .result() or .wait() in the loop that submits, batches smaller than the limit, or a task "
        "runner with fewer workers than the limit."
    )


def slow_hand_over(
    timeline: Timeline, ready: Mapping[Span, float], limit: int, tag: str = "", alone: bool = True
) -> Finding | None:
    """Slots that were empty while tasks waited for one.

    A pool in its place would limit all tasks of the flow, so it is advised only if there are no others (`alone`).
    """
    full = next((moment for moment, running in timeline.curve() if running >= limit), None)
    if full is None or timeline.peak > limit:
        return None
    late = tuple(s for s in timeline if s.start is not None and s.start > full)
    lost, ideal = _lost(timeline, ready, limit, full), timeline.ideal(limit)
    whole = limit * timeline.makespan
    if not late or lost <= whole / 10:
        return None
    names = names_of(late)
    slots, wait = f"Slots of the limit on {tag!r}" if tag else "Slots", timeline.around.slot_wait or 0.0
    if wait > LONG_WAIT:
        why = (
            f"A task that finds no free slot asks this server again only after up to {wait:g} s: set its "
            "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS to 0.1, as docs/deployment_guide.md shows."
        )
    else:
        why = "A task under a tag's limit asks the server again and again until a slot is free"
        if wait and lost / len(late) > 5 * wait:
            why += (
                f", every {wait:g} s on this server: does something block the event loop of async tasks, is the "
                "machine busy, or is it a plain `prefect server start` on SQLite? (docs/deployment_guide.md has "
                "PostgreSQL.)"
            )
        elif len({span.flow for span in timeline}) > 1:
            why += ", and a limit over several flow runs costs that."
        elif not alone:
            why += "."
        else:
            why += (
                f"; inside one flow, a ThreadPoolTaskRunner(max_workers={limit}) hands over immediately (for "
                "tasks that you await, an asyncio.Semaphore)."
            )
    text = (
        f"{slots} were empty for {lost:.2f} slot-seconds while tasks waited for one: {lost / len(late):.2f} s at each "
        f"of {len(late)} hand-overs. That is {lost / whole:.0%} of the run's {whole:.2f} slot-seconds ({limit} slots "
        f"for {timeline.makespan:.2f} s; the ideal is {ideal:.2f} s). {why}"
    )
    return Finding("slow-hand-over", text, names, lost)


def _lost(timeline: Timeline, ready: Mapping[Span, float], limit: int, since: float) -> float:
    """Slot-seconds from `since` to the last start in which a slot was free and a task was waiting for one."""
    started = [span for span in timeline if span.start is not None]
    waits = [(max(ready[s], since), max(s.start, since)) for s in started]
    runs = [(max(s.start, since), max(timeline.end_of(s), since)) for s in started]
    return math.fsum(
        max(0, min(limit - running, waiting)) * (over - begun)
        for begun, over, (waiting, running) in _together(waits, runs)
    )
