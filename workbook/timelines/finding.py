"""What a finding is, and what all findings share: groups of tasks that can be compared, and words for them."""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from workbook.timelines.timeline import Span, Timeline

# In less time than these seconds, a task may end before the flow has submitted the next one.
NOTICEABLE = 0.05
WAITED = "AwaitingConcurrencySlot"  # the state of a flow run that waits for its deployment's limit


@dataclass(frozen=True)
class Finding:
    """One thing that a timeline shows.

    Args:
        code: its stable name, one of the keys of `CODES`.
        text: what the tasks did, the evidence, and what to look for, in a few sentences.
        tasks: the names of the task runs (or flow runs) that show it, in order.
        seconds: the time that `CODES` describes; None where it describes none.
    """

    code: str
    text: str
    tasks: tuple[str, ...]
    seconds: float | None


def both(timeline: Timeline) -> list[Span]:
    """The task runs of a timeline, and the flow runs that it called."""
    return [*timeline, *timeline.around.children]


def callers(span: Span, by_id: Mapping[str, Span], moment: float) -> list[Span]:
    """Those that called it.

    Where it isn't known, they are its parents that were running at that moment: one that gave it its result had ended.
    """
    parents = [
        by_id[parent] for parent in (span.parents if span.called_by is None else span.called_by) if parent in by_id
    ]
    if span.called_by is not None:
        return parents
    return [
        one for one in parents
        if one.start is not None and one.start <= moment < (math.inf if one.end is None else one.end)
    ]  # fmt: skip


def alike(timeline: Timeline) -> list[list[Span]]:
    """The spans that started, in groups of the same task, flow run, attempt and depth of inputs, largest first.

    No span of such a group was given the result of another, not even by way of others.
    """
    depth: dict[str, int] = {}
    groups: defaultdict[tuple, list[Span]] = defaultdict(list)
    ours = set(timeline.spans)
    # A called flow passes results on, too. What gave a result was created before what was given it.
    for span in sorted(both(timeline), key=lambda s: (s.created, s.index)):
        here = 1 + max((depth.get(parent, -1) for parent in span.parents), default=-1)
        if span.id:
            depth[span.id] = here
        if span.start is not None and span in ours:
            groups[span.key or span.task, span.flow, span.attempt, here].append(span)
    for group in groups.values():
        group.sort(key=lambda s: (s.start, s.created, s.index))
    return sorted(groups.values(), key=len, reverse=True)


def last_inputs(timeline: Timeline) -> dict[Span, float]:
    """When the last of each task run's inputs was there; -inf for one without inputs.

    One that has not started, and that was given a future of a task that has not ended, isn't ready at all.
    """
    ends = {span.id: math.inf if span.end is None else span.end for span in both(timeline) if span.id}
    found = {}
    for span in timeline:
        begun = math.inf if span.start is None else span.start
        # A caller's end is none: it comes later, unless the caller gave up.
        inputs = (ends[parent] for parent in span.parents - (span.called_by or frozenset()) if parent in ends)
        found[span] = max((end for end in inputs if end <= begun), default=-math.inf)
    return found


def given(timeline: Timeline) -> set[str]:
    """The ids of the task runs and called flow runs that had ended when one began which had them as inputs.

    (A caller ends later, or gave up waiting.)
    """
    spans = both(timeline)
    ends = {span.id: span.end for span in spans if span.id and span.end is not None}
    return {
        parent for span in spans if span.start is not None
        for parent in span.parents - (span.called_by or frozenset()) if ends.get(parent, math.inf) <= span.start
    }  # fmt: skip


def without_callers(timeline: Timeline, of: Iterable[Span]) -> Timeline:
    """The timeline without the task runs that called those of `of`: they are Running while they wait for them."""
    callers = {parent for span in of for parent in span.parents} - given(timeline)
    return replace(timeline, spans=tuple(s for s in timeline if s.id not in callers), until=timeline.now)


def peak_beside(timeline: Timeline, group: list[Span]) -> int:
    """How many ran at once between the first start and the last end of a group, of whatever task but their callers."""
    timeline = without_callers(timeline, group)
    first, last = min(span.start for span in group), max(timeline.end_of(span) for span in group)
    steps = itertools.pairwise(timeline.curve())
    return max(
        (running for (moment, running), (following, _) in steps if following > first and moment < last), default=0
    )


def length(timeline: Timeline, span: Span) -> float:
    """How long a span that started has run, in seconds."""
    return timeline.end_of(span) - span.start


def names_of(spans: Iterable[Span]) -> tuple[str, ...]:
    return tuple(span.name for span in spans)


def named(names: tuple[str, ...]) -> str:
    """ "a, b and c"; of more than four names the first three, and how many more there are."""
    if len(names) > 4:  # "and 1 more" would be no shorter than its name
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def count(number: int, what: str = "task") -> str:
    """ "1 task", "20 tasks"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(spans: list[Span], most: int = 3) -> str:
    """The first few task runs with their error messages, and how many more there are."""
    messages = [span.message.removeprefix(WAITED).removeprefix("; ") for span in spans[:most]]
    shown = ", ".join(
        f"{span.name} ({message})" if message else span.name for span, message in zip(spans, messages, strict=False)
    )
    return f"{shown} and {len(spans) - most} more" if len(spans) > most else shown
