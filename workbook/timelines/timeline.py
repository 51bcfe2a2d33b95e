"""The measures of a run's task spans: how many ran at once, how long they took, how long they could have taken.

Graders, figures and diagnoses all rely on these numbers, so they come from one pure module that needs neither Prefect
nor a clock. All moments and durations are floats in seconds. The caller chooses the origin of the moments, one for all
of a timeline: Prefect's records give seconds since 1970.

Two conventions hold everywhere:

- A span covers its start and not its end. A task that starts at the instant when another ends does not overlap it,
  and a span of zero length covers nothing: it overlaps nothing and never raises the peak.
- A span that is still running is measured as if it ended at the timeline's `now`. One that never started has no
  duration: it counts in `len()` and in filters, and in no measure.
"""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from workbook.timelines.span import Span, Surroundings


@dataclass(frozen=True)
class Timeline:
    """The task runs of one flow run, with the measures of how they ran.

    Args:
        spans: the task runs, in any order; kept by start, then creation, then index, those never started last.
        begin: the flow run's own start, if known.
        end: the flow run's own end, if known.
        returned: the moment when the flow's function returned, if known; tasks may have outlived it.
        until: the moment at which spans still running are cut; by default the latest moment known here.
        around: the flow run's state, the limits in force, and what else ran.
    """

    spans: tuple[Span, ...] = ()
    begin: float | None = None
    end: float | None = None
    returned: float | None = None
    until: float | None = None
    around: Surroundings = field(default_factory=Surroundings)

    def __post_init__(self) -> None:
        ordered = sorted(self.spans, key=lambda s: (s.start is None, s.start or 0.0, s.created, s.index))
        object.__setattr__(self, "spans", tuple(ordered))

    def __len__(self) -> int:
        return len(self.spans)

    def __iter__(self) -> Iterator[Span]:
        return iter(self.spans)

    # ----------------------------------------
    # Measures

    @cached_property
    def now(self) -> float:
        """The moment at which spans still running are cut: `until`, or else the latest moment known; 0.0 if none is."""
        if self.until is not None:
            return self.until
        known = [moment for moment in (self.begin, self.end, self.returned) if moment is not None]
        for span in self.spans:
            known.append(span.created if span.start is None else span.start if span.end is None else span.end)
        return max(known, default=0.0)

    @cached_property
    def origin(self) -> float:
        """The moment that figures count from: the first start, or without one the flow run's or the first creation."""
        if self._intervals:
            return self._intervals[0][0]
        return self.begin if self.begin is not None else min((s.created for s in self.spans), default=0.0)

    def end_of(self, span: Span) -> float | None:
        """The moment when a span ended or, still running, is cut; None if it never started."""
        if span.end is not None or span.start is None:
            return span.end
        return max(span.start, self.now)

    @cached_property
    def _intervals(self) -> list[tuple[float, float]]:
        return [
            (span.start, self.end_of(span) if span.end is None else span.end)
            for span in self.spans
            if span.start is not None
        ]

    @cached_property
    def peak(self) -> int:
        """The largest number of spans that ran at the same time."""
        return max((running for _, running in self.curve()), default=0)

    @cached_property
    def makespan(self) -> float:
        """Seconds from the first start to the last end; 0.0 if nothing ran."""
        if not self._intervals:
            return 0.0
        return max(end for _, end in self._intervals) - self._intervals[0][0]

    @cached_property
    def busy(self) -> float:
        """The work done, in task-seconds: the durations of all spans together."""
        return math.fsum(end - start for start, end in self._intervals)

    @cached_property
    def longest(self) -> float:
        """Seconds of the longest span; 0.0 if nothing ran."""
        return max((end - start for start, end in self._intervals), default=0.0)

    def ideal(self, limit: int) -> float:
        """The makespan in seconds that no schedule of this work under this limit can beat.

        It is the longer of the longest task and the work shared out evenly over the slots. Tasks that wait for each
        other's results may make it unreachable.

        Args:
            limit: how many tasks may run at once.

        Raises:
            ValueError: the limit is not a positive whole number.
        """
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise ValueError(f"A limit must be a whole number of slots, 1 or more (got {limit!r}).")
        return max(self.longest, self.busy / limit)

    def ratio(self, limit: int) -> float:
        """The makespan as a multiple of the ideal: 1.0 is perfect, or no work at all; infinite if idle time is all."""
        ideal = self.ideal(limit)
        if ideal:
            return self.makespan / ideal
        return math.inf if self.makespan else 1.0

    @property
    def waits(self) -> tuple[float, ...]:
        """Seconds from creation to start of each span that started, in the order of `spans` (the others come last)."""
        return tuple(span.start - span.created for span in self.spans if span.start is not None)

    def curve(self) -> list[tuple[float, int]]:
        """How many spans ran when: steps of (moment, number running from then on), beginning with the first start.

        Ends come before starts of the same instant, so no step is given where one span takes over from another.
        The last step is 0. There are no steps if nothing ran, or spans of zero length only.
        """
        return list(self._steps)

    @cached_property
    def _steps(self) -> list[tuple[float, int]]:
        starts = [start for start, _ in self._intervals] + [math.inf]  # so that there is always a next one to look at
        ends = sorted(end for _, end in self._intervals)
        steps, begun, ended = [], 0, 0
        while ended < len(ends):
            moment, before = min(starts[begun], ends[ended]), begun - ended
            while starts[begun] == moment:
                begun += 1
            while ended < len(ends) and ends[ended] == moment:
                ended += 1
            if begun - ended != before:
                steps.append((moment, begun - ended))
        return steps

    # ----------------------------------------
    # Overlap and order

    def overlaps(self, one: Span, other: Span) -> bool:
        """Whether two spans ran at the same time, if only for an instant."""
        if one.start is None or other.start is None:
            return False
        return max(one.start, other.start) < min(self.end_of(one), self.end_of(other))

    @staticmethod
    def before(first: Iterable[Span], second: Iterable[Span]) -> bool:
        """Whether every span of `first` had ended when any of `second` began; the same instant will do.

        Spans that never started are left out. One still running has not ended. With nothing on one side the answer is
        yes, so check the length too where that matters.
        """
        begun = min((span.start for span in second if span.start is not None), default=math.inf)
        ends = [math.inf if span.end is None else span.end for span in first if span.start is not None]
        return begun == math.inf or all(end <= begun for end in ends)

    def where(self, task: str | None = None, tag: str | None = None, state: str | None = None) -> "Timeline":
        """The timeline of the spans that match all arguments given, with the moments of the whole.

        Args:
            task: the name of their task.
            tag: one of their tags.
            state: the type of their state, as "FAILED".
        """
        kept = tuple(
            span
            for span in self.spans
            if (task is None or span.task == task)
            and (tag is None or tag in span.tags)
            and (state is None or span.state == state)
        )
        return replace(self, spans=kept, until=self.now)  # of the whole: a filter must not end those still running

    # ----------------------------------------
    # As plain records

    def to_json(self) -> str:
        """The whole timeline as JSON text: its moments, its spans, and what was around them."""
        moments = {name: getattr(self, name) for name in ("begin", "end", "returned", "until")}
        spans = [span.to_record() for span in self.spans]
        return json.dumps({**moments, "spans": spans, "around": self.around.to_record()}, allow_nan=False)
