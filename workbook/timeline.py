"""What a run's task spans say about it: how many ran at once, how long it took, how long it could have taken.

Graders, figures and diagnoses all rest on these numbers, so they come from one pure place that needs neither Prefect
nor a clock. All moments and durations are floats in seconds. The origin of the moments is the caller's, and the same
for all of one timeline: Prefect's records give seconds since 1970.

Two conventions hold everywhere:

- A span covers its start and not its end. A task that starts at the instant when another ends does not overlap it,
  and a span of zero length covers nothing: it overlaps nothing and never raises the peak.
- A span that is still running is measured as if it ended at the timeline's `now`. One that never started has no
  duration: it counts in `len()` and in filters, and in no measure.
"""

import csv
import heapq
import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from functools import cached_property

_MOMENTS = ("begin", "end", "returned", "until")  # what a timeline knows besides its spans


@dataclass(frozen=True, slots=True)
class Span:
    """One task run, from its creation to its end.

    Args:
        name: the task run's name, as "sql_query-3".
        index: its place in the order of creation within the flow run.
        created: the moment when it was submitted, in seconds.
        start: the moment when it began to run, after any wait for a slot; None if it never did.
        end: the moment when it ended; None if it is still running, or never started.
        state: the type of its last state, as "COMPLETED" or "FAILED".
        tags: its tags.
        task: the name of its task, as "sql_query".
        id: the task run's id.
        parents: the ids of the task runs whose results it was given.

    Raises:
        ValueError: it ends before it starts, ends without having started, or holds a moment that is no finite number.
    """

    name: str
    index: int
    created: float
    start: float | None
    end: float | None
    state: str = "COMPLETED"
    tags: frozenset[str] = frozenset()
    task: str = ""
    id: str = ""
    parents: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        created, start, end = self.created, self.start, self.end
        for moment in (created, start, end):
            if moment is not None and not math.isfinite(moment):
                raise ValueError(f"Span {self.name!r} holds a moment that is no finite number.")
        if end is not None and (start is None or end < start):
            raise ValueError(f"Span {self.name!r} ends at {self.end} and starts at {self.start}: it cannot.")

    @property
    def seconds(self) -> float | None:
        """How long it ran; None if it never started or is still running."""
        return None if self.end is None else self.end - self.start

    @property
    def wait(self) -> float | None:
        """Seconds from creation to start; None if it never started."""
        return None if self.start is None else self.start - self.created


_COLUMNS = tuple(f.name for f in fields(Span))  # the keys of a record


@dataclass(frozen=True)
class Timeline:
    """The task runs of one flow run, with the measures of how they ran.

    Args:
        spans: the task runs, in any order; kept by start, then creation, then index, those never started last.
        begin: the flow run's own start, if known.
        end: the flow run's own end, if known.
        returned: the moment when the flow's function returned, if known; tasks may have outlived it.
        until: the moment at which spans still running are cut; by default the latest moment known here.
    """

    spans: tuple[Span, ...] = ()
    begin: float | None = None
    end: float | None = None
    returned: float | None = None
    until: float | None = None

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
        """The moment that figures count from: the flow run's start, or else the first creation; 0.0 if nothing is."""
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

    @property
    def mean_concurrency(self) -> float:
        """How many spans ran on average over the makespan; 0.0 if that is nothing."""
        return self.busy / self.makespan if self.makespan else 0.0

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
            raise ValueError(f"A limit is a whole number of slots, 1 or more, and this is {limit!r}.")
        return max(self.longest, self.busy / limit)

    def overhead(self, limit: int) -> float:
        """Seconds that the makespan is longer than the ideal; below zero if more ran at once than the limit allows."""
        return self.makespan - self.ideal(limit)

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
    # Who ran beside whom, who before whom

    def overlaps(self, one: Span, other: Span) -> bool:
        """Whether two spans ran at the same time, if only for an instant."""
        if one.start is None or other.start is None:
            return False
        return max(one.start, other.start) < min(self.end_of(one), self.end_of(other))

    def overlapping(self, span: Span) -> list[Span]:
        """The other spans that ran at the same time as this one, in the order of `spans`."""
        return [other for other in self.spans if other != span and self.overlaps(span, other)]

    def overlapping_pairs(self) -> Iterator[tuple[Span, Span]]:
        """Every pair of spans that ran at the same time, the one that started first in front.

        It takes O(n log n) and the number of pairs, which is up to n² / 2: look at a few, or ask for `peak`.
        """
        running: list[tuple[float, int]] = []  # a heap by end: those that have ended leave first
        for place, span in enumerate(self.spans):
            end = self.end_of(span)
            if end is None or span.start == end:
                continue
            while running and running[0][0] <= span.start:
                heapq.heappop(running)
            for _, other in sorted(running, key=lambda entry: entry[1]):
                yield self.spans[other], span
            heapq.heappush(running, (end, place))

    @staticmethod
    def before(first: Iterable[Span], second: Iterable[Span]) -> bool:
        """Whether every span of `first` had ended when any of `second` began; the same instant will do.

        Spans that never started are left out, as they were in nobody's way. One still running has not ended. With
        nothing on one side the answer is yes: ask for the length too where that matters.
        """
        begun = min((span.start for span in second if span.start is not None), default=math.inf)
        ends = [math.inf if span.end is None else span.end for span in first if span.start is not None]
        return begun == math.inf or all(end <= begun for end in ends)

    def where(
        self, task: str | None = None, tag: str | None = None, state: str | None = None, name: str | None = None
    ) -> "Timeline":
        """The timeline of those spans that fit all that is asked, with the moments of the whole.

        Args:
            task: the name of their task.
            tag: a tag that they have.
            state: the type of their state, as "FAILED".
            name: the task run's own name.
        """
        kept = tuple(
            span
            for span in self.spans
            if (task is None or span.task == task)
            and (tag is None or tag in span.tags)
            and (state is None or span.state == state)
            and (name is None or span.name == name)
        )
        return replace(self, spans=kept, until=self.now)  # of the whole, or a filter would end those still running

    # ----------------------------------------
    # To and from plain records

    def to_records(self) -> list[dict]:
        """The spans as dicts of plain JSON types, in order; the timeline's own moments are not in them."""
        return [
            {name: getattr(span, name) for name in _COLUMNS}
            | {"tags": sorted(span.tags), "parents": sorted(span.parents)}
            for span in self.spans
        ]

    @classmethod
    def from_records(cls, records: Iterable[dict], **moments: float | None) -> "Timeline":
        """The timeline that `to_records` gave these records of.

        Args:
            records: a dict per span, with at least name, index, created, start and end; unknown keys are ignored.
            moments: the timeline's begin, end, returned and until, as far as they are known.

        Raises:
            ValueError: a record cannot be a span; the message says which, and why.
        """
        if not isinstance(records, Iterable) or isinstance(records, (str, bytes, dict)):
            raise ValueError(f"Records are a list of dicts, one per span, and this is a {type(records).__name__}.")
        return cls(tuple(_span(record, f"Record {place}") for place, record in enumerate(records)), **moments)

    def to_json(self) -> str:
        """The whole timeline as JSON text: its moments, and its spans as records."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        return json.dumps({**moments, "spans": self.to_records()}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Timeline":
        """The timeline that `to_json` gave this text of.

        Raises:
            ValueError: the text is no JSON, or not of a timeline; the message says why.
        """
        try:
            whole = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"This is no JSON: {error}.") from None
        if not isinstance(whole, dict) or not isinstance(whole.get("spans"), list):
            raise ValueError('The JSON of a timeline is an object with a list of "spans".')
        moments = {name: _number(whole.get(name), f"The timeline's {name!r}") for name in _MOMENTS}
        return cls.from_records(whole["spans"], **moments)

    def to_csv(self) -> str:
        """The spans as CSV text with a header; tags and parents are JSON lists, and what is None is empty.

        The timeline's own moments are not in it.
        """
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, _COLUMNS)
        table.writeheader()
        for record in self.to_records():
            lists = {name: json.dumps(record[name]) for name in ("tags", "parents")}
            table.writerow(record | lists)
        return text.getvalue()

    @classmethod
    def from_csv(cls, text: str, **moments: float | None) -> "Timeline":
        """The timeline that `to_csv` gave this text of.

        Args:
            text: CSV with a header; columns as in `from_records`.
            moments: the timeline's begin, end, returned and until, as far as they are known.

        Raises:
            ValueError: a row cannot be a span; the message says which, and why.
        """
        records = []
        try:
            for row in csv.DictReader(io.StringIO(text, newline="")):
                records.append({name: _cell(name, cell) for name, cell in row.items() if cell is not None})
        except csv.Error as error:
            raise ValueError(f"This is no CSV: {error}.") from None
        return cls.from_records(records, **moments)


def _cell(name: str | None, cell: str) -> object:
    """What a cell of a CSV stands for; one that cannot be read is left as it is, for the record's check to name."""
    if name not in ("index", "created", "start", "end", "tags", "parents"):
        return cell
    try:
        return json.loads(cell) if cell else None
    except json.JSONDecodeError:
        return cell


def _span(record: dict, where: str) -> Span:
    if not isinstance(record, dict):
        raise ValueError(f"{where} is a {type(record).__name__}, and must be a dict.")
    known = {}
    for name in _COLUMNS:
        if name not in record:
            if name in ("name", "index", "created", "start", "end"):
                raise ValueError(f"{where} has no {name!r}.")
            continue
        value, what = record[name], f"{where}: {name!r}"
        if name in ("created", "start", "end"):
            known[name] = _number(value, what, or_none=name != "created")
        elif name in ("tags", "parents"):
            if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(v, str) for v in value):
                raise ValueError(f"{what} is {value!r}, and must be a list of texts.")
            known[name] = frozenset(value)
        elif not isinstance(value, wanted := int if name == "index" else str) or isinstance(value, bool):
            raise ValueError(f"{what} is {value!r}, and must be a {'whole number' if wanted is int else 'text'}.")
        else:
            known[name] = value
    try:
        return Span(**known)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _number(value: object, what: str, or_none: bool = True) -> float | None:
    if value is None and or_none:
        return None
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # a whole number beyond what a float holds
        pass
    raise ValueError(f"{what} is {value!r}, and must be a finite number of seconds{' or null' if or_none else ''}.")
