"""The playground: its ideal schedules are true, and each pattern runs as its schedule says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbook.figures.overlay import overlay
from workbook.prefect_server.limits import read_limit
from workbook.races.playground import PATTERNS, TAG, run
from workbook.timelines import plans

pytestmark = pytest.mark.second

LENGTHS = st.lists(st.integers(1, 9).map(float), min_size=1, max_size=9)


@given(LENGTHS, st.integers(1, 5))
def test_a_limited_schedule_starts_each_task_as_early_as_the_order_allows(lengths, limit):
    """Second by second: as many as fit begin, in order, and none while all slots are taken."""
    waiting, ends, starts, now = list(lengths), [], [], 0.0
    while waiting:
        ends = [end for end in ends if end > now]
        while waiting and len(ends) < limit:
            starts.append(now)
            ends.append(now + waiting.pop(0))
        now += 1.0
    assert plans.limited(lengths, limit) == starts


@given(LENGTHS, st.integers(1, 5))
def test_the_other_schedules(lengths, limit):
    assert plans.plan(plans.one_after_another, lengths, limit).makespan == sum(lengths)
    assert plans.plan(plans.all_at_once, lengths, limit).makespan == max(lengths)
    batched = plans.plan(plans.in_batches, lengths, limit)
    assert batched.makespan == sum(max(lengths[a : a + limit]) for a in range(0, len(lengths), limit))
    assert batched.peak == min(limit, len(lengths))
    assert batched.makespan >= plans.plan(plans.limited, lengths, limit).makespan


@given(st.integers(1, 20))
def test_uneven_durations_are_about_as_much_work(count):
    uneven = plans.durations(count, 0.5, even=False)
    assert len(uneven) == count and (count % 8 or sum(uneven) == pytest.approx(count * 0.5))


def test_a_picture_of_a_plan_and_of_a_run_over_it():
    plan = plans.plan(plans.limited, [1.0] * 4, 2)
    assert overlay(plan, None, 2).title == "Ideal: 2.0 s, 2 at once"
    slow = plans.plan(plans.one_after_another, [1.0] * 4, 2)
    assert overlay(plan, slow, 2).title.endswith("4.0 s, 1 at once. Ideal: 2.0 s, 2 at once")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_each_pattern_runs_as_many_at_once_as_its_schedule_at_most(prefect_server, pattern):
    lengths = plans.durations(4, 0.2, even=True)
    frames = []
    ran = run(pattern, lengths, 2, frames.append)
    assert sorted(span.name for span in ran) == [f"query-{place}" for place in range(4)]
    assert ran.peak <= plans.plan(PATTERNS[pattern][1], lengths, 2).peak
    assert frames and frames[-1].makespan == ran.makespan
    assert read_limit(TAG) is None
