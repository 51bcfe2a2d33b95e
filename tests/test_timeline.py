"""The measures of a timeline, against a twin that works them out the slow and obvious way."""

import itertools
import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.timelines.span import Surroundings
from workbook.timelines.timeline import Span, Timeline

pytestmark = pytest.mark.second

# Few distinct moments, so that spans often meet, touch, or have no length; all exact in binary.
MOMENTS = st.integers(0, 24).map(lambda n: n / 4)
TEXTS = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=["Cs"]), max_size=8)


@st.composite
def spans(draw, moments=MOMENTS, running=True):
    created, start, end = sorted(draw(st.tuples(moments, moments, moments)))
    kind = draw(st.sampled_from(["ended", "ended", "ended", "running", "waiting"])) if running else "ended"
    return Span(
        name=draw(TEXTS),
        index=draw(st.integers(0, 99)),
        created=created,
        start=None if kind == "waiting" else start,
        end=end if kind == "ended" else None,
        state=draw(st.sampled_from(["COMPLETED", "FAILED", "RUNNING", "PENDING"])),
        tags=draw(st.frozensets(TEXTS, max_size=2)),
        task=draw(TEXTS),
        id=draw(TEXTS),
        parents=draw(st.frozensets(TEXTS, max_size=2)),
    )


OPTIONAL = st.none() | MOMENTS
TIMELINES = st.builds(
    Timeline, st.lists(spans(), max_size=12), begin=OPTIONAL, end=OPTIONAL, returned=OPTIONAL, until=OPTIONAL
)


def span(name="a", created=0.0, start=0.0, end=1.0, index=0, **more):
    return Span(name, index, created, start, end, **more)


# ----------------------------------------
# The twin


def twin_now(timeline):
    if timeline.until is not None:
        return timeline.until
    moments = [timeline.begin, timeline.end, timeline.returned]
    moments += itertools.chain.from_iterable((s.created, s.start, s.end) for s in timeline.spans)
    return max((m for m in moments if m is not None), default=0.0)


def twin_ends(timeline):
    """Start and end of every span that ran, one by one."""
    now = twin_now(timeline)
    return [(s.start, max(s.start, now) if s.end is None else s.end) for s in timeline.spans if s.start is not None]


def twin_running(timeline, moment):
    return sum(start <= moment < end for start, end in twin_ends(timeline))


def twin_overlap(timeline, one, other):
    """Whether some quarter of a second lies in both: all moments drawn here are multiples of that."""
    quarters = [n / 4 for n in range(0, 60)]
    inside = [
        {q for q in quarters for start, end in twin_ends(Timeline((s,), until=twin_now(timeline))) if start <= q < end}
        for s in (one, other)
    ]
    return bool(inside[0] & inside[1])


@given(TIMELINES)
def test_measures_agree_with_the_twin(timeline):
    ran = twin_ends(timeline)
    lengths = [end - start for start, end in ran]
    assert timeline.peak == max((twin_running(timeline, start) for start, _ in ran), default=0)
    assert timeline.busy == sum(lengths)
    assert timeline.longest == max(lengths, default=0)
    assert timeline.makespan == (max(e for _, e in ran) - min(s for s, _ in ran) if ran else 0)
    assert timeline.waits == tuple(s.start - s.created for s in timeline.spans if s.start is not None)
    assert all(wait >= 0 for wait in timeline.waits)


@given(TIMELINES, st.integers(1, 9))
def test_no_schedule_beats_the_ideal(timeline, limit):
    assert timeline.ideal(limit) == max(timeline.longest, timeline.busy / limit)
    if timeline.peak <= limit:
        assert timeline.makespan >= timeline.ideal(limit) - 1e-9
        assert timeline.ratio(limit) >= 1 - 1e-9


@given(TIMELINES)
def test_the_curve_is_the_count_between_any_two_steps(timeline):
    curve = timeline.curve()
    for (moment, running), (following, _) in itertools.pairwise(curve):
        assert moment < following
        assert running == twin_running(timeline, moment) == twin_running(timeline, (moment + following) / 2)
    assert all(one != other for (_, one), (_, other) in itertools.pairwise(curve))
    assert math.fsum(n * (b - a) for (a, n), (b, _) in itertools.pairwise(curve)) == timeline.busy
    if timeline.busy:
        assert curve[0][0] == min(start for start, end in twin_ends(timeline) if start < end)
        assert curve[-1][1] == 0
    else:
        assert curve == []


@given(TIMELINES)
def test_overlaps_agree_with_the_twin(timeline):
    pairs = list(itertools.combinations(timeline.spans, 2))
    assert [timeline.overlaps(*pair) for pair in pairs] == [twin_overlap(timeline, *pair) for pair in pairs]


@given(TIMELINES, TIMELINES)
def test_before_agrees_with_the_twin(first, second):
    ran, begun = ([s for s in t if s.start is not None] for t in (first, second))
    wanted = all(a.end is not None and a.end <= b.start for a in ran for b in begun)
    assert Timeline.before(first, second) == wanted


@given(TIMELINES)
def test_order_and_filter(timeline):
    started = [s for s in timeline if s.start is not None]
    assert timeline.spans[: len(started)] == tuple(sorted(started, key=lambda s: (s.start, s.created, s.index)))
    for s in timeline:
        kept = timeline.where(task=s.task, state=s.state)
        assert s in kept.spans and {(k.task, k.state) for k in kept} == {(s.task, s.state)}
        assert (kept.begin, kept.end, kept.returned) == (timeline.begin, timeline.end, timeline.returned)
        assert kept.now == timeline.now  # or the filter would end a span that is still running
        for tag in s.tags:
            assert all(tag in k.tags for k in timeline.where(tag=tag))
    assert timeline.where(task="no such task").spans == ()


# ----------------------------------------
# Defined at the edges


def test_nothing():
    empty = Timeline()
    assert (len(empty), empty.peak, empty.makespan, empty.busy, empty.longest) == (0, 0, 0.0, 0.0, 0.0)
    assert (empty.waits, empty.curve(), empty.now, empty.origin) == ((), [], 0.0, 0.0)
    assert (empty.ideal(3), empty.ratio(3)) == (0.0, 1.0)
    assert Timeline.before(empty, empty)


def test_one_span():
    one = Timeline([span(created=0.5, start=1.0, end=3.0)])
    assert (one.peak, one.makespan, one.busy) == (1, 2.0, 2.0)
    assert (one.curve(), one.waits, one.ratio(4)) == ([(1.0, 1), (3.0, 0)], (0.5,), 1.0)
    assert one.origin == Timeline(one.spans, begin=0.25).origin == one.spans[0].start
    waits = (Span("a", 0, 0.5, None, None),)
    assert Timeline(waits).origin == 0.5 and Timeline(waits, begin=0.25).origin == 0.25


def test_touching_spans_do_not_overlap():
    a, b = span("a", end=1.0), span("b", start=1.0, end=2.0)
    touching = Timeline([a, b])
    assert touching.peak == 1 and not touching.overlaps(a, b) and touching.before([a], [b])
    assert touching.curve() == [(0.0, 1), (2.0, 0)]


def test_zero_length_spans_cover_nothing():
    long, point = span("long", end=2.0), span("point", start=1.0, end=1.0)
    timeline = Timeline([long, point])
    assert timeline.peak == 1 and not timeline.overlaps(long, point)
    points = Timeline([point, span("later", start=3.0, end=3.0)])
    assert (points.peak, points.busy, points.makespan, points.curve()) == (0, 0.0, 2.0, [])
    assert points.ratio(1) == math.inf


def test_spans_still_running_are_cut_at_now():
    going = span("going", end=None, state="RUNNING")
    done, waiting = span("done", end=2.0), span("waiting", start=None, end=None, state="PENDING")
    timeline = Timeline([waiting, going, done])
    assert (timeline.now, timeline.busy, timeline.peak, timeline.end_of(going)) == (2.0, 4.0, 2, 2.0)
    assert (going.seconds, waiting.seconds, done.seconds) == (None, None, 2.0)
    assert timeline.spans[-1] is waiting and len(timeline.waits) == 2
    assert Timeline(timeline.spans, until=5.0).makespan == 5.0
    assert Timeline(timeline.spans, until=-1.0).end_of(going) == 0.0  # a span cannot end before it starts
    assert not timeline.before([going], [span(start=9.0, end=9.5)])
    assert timeline.before([waiting], [going]) and timeline.before([going], [waiting])


@pytest.mark.parametrize("limit", [0, -1, 2.0, True, "3", None])
def test_a_limit_is_a_positive_whole_number(limit):
    for measure in (Timeline().ideal, Timeline().ratio):
        with pytest.raises(ValueError, match="whole number of slots, 1 or more"):
            measure(limit)


@pytest.mark.parametrize("moments", [(0.0, 1.0, 0.5), (0.0, None, 1.0), (math.nan, 0.0, 1.0), (0.0, 0.0, math.inf)])
def test_a_span_that_cannot_be_is_refused(moments):
    with pytest.raises(ValueError, match="Span 'odd'"):
        Span("odd", 0, *moments)


# ----------------------------------------
# Records

REAL = st.floats(-1e300, 1e300)


@given(st.lists(spans(moments=REAL), max_size=4), st.tuples(*[st.none() | REAL] * 4))
def test_json_has_every_number_exactly(some, moments):
    timeline = Timeline(some, *moments)
    written = json.loads(timeline.to_json())
    records, around = written.pop("spans"), written.pop("around")
    assert written == dict(zip(("begin", "end", "returned", "until"), moments, strict=True))
    sets = (
        {name: frozenset(record[name]) for name in ("tags", "parents")}
        | {name: tuple(map(tuple, record[name])) for name in ("delays", "queries")}
        for record in records
    )
    assert tuple(Span(**record | more) for record, more in zip(records, sets, strict=True)) == timeline.spans
    assert Surroundings(**around | {"others": (), "strays": (), "children": ()}) == timeline.around


# ----------------------------------------
# Many


def many(count):
    """Three slots, always taken, and a few spans that run beside everything."""
    return [Span(f"q-{n}", n, 0.0, n // 3 * 1.0, n // 3 + (count if n % 1000 == 0 else 0.9)) for n in range(count)]


def steps(records):
    """How many lines of Python run for all numbers of a timeline."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        timeline = Timeline(records)
        assert timeline.peak and timeline.busy and timeline.makespan and timeline.ideal(3) and timeline.curve()
        assert timeline.waits
    finally:
        sys.settrace(before)
    return count


def test_twice_as_many_spans_are_about_twice_the_work():
    assert steps(many(4000)) < 2.5 * steps(many(2000))  # a quadratic measure would take four times the steps
