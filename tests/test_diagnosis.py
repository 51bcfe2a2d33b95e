"""What is said about a timeline: the right thing about a bad run, and nothing about a good one."""

import heapq
import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import CHECKOUT
from workbook.timelines.diagnosis import CODES, diagnose, explain
from workbook.timelines.timeline import Span, Surroundings, Timeline

UNEVEN = [0.3, 0.5, 0.4, 0.7, 0.35, 0.6, 0.45, 0.3, 0.55, 0.5, 0.4, 0.65]  # seconds, as queries take them


# ----------------------------------------
# Runs, as Prefect records them


def query(index, created, start, seconds, task="sql_query", **more):
    more.setdefault("id", f"{task}-{index}")
    end = None if seconds is None or start is None else start + seconds
    return Span(f"{task}-{index}", index, created, start, end, task=task, **more)


def limited(seconds, slots, hand_over=0.005, task="sql_query"):
    """All submitted at once, a few ms apart; a slot goes to the next task `hand_over` seconds after it is free."""
    free = [0.01] * slots
    spans = []
    for index, length in enumerate(seconds):
        created = index * 0.004
        start = max(created + 0.01, heapq.heappop(free) + (hand_over if index >= slots else 0))
        heapq.heappush(free, start + length)
        spans.append(query(index, created, start, length, task))
    return spans


def pooled(seconds, workers):
    """Prefect creates a task run when a worker takes it up: with a bounded task runner there is no wait to see."""
    return [replace(span, created=span.start - 0.003) for span in limited(seconds, workers)]


def in_batches(seconds, size):
    """A batch is submitted when the slowest of the one before has ended."""
    spans, now = [], 0.0
    for first in range(0, len(seconds), size):
        batch = range(first, min(first + size, len(seconds)))
        spans += [query(n, now + 0.004 * (n - first), now + 0.01 + 0.004 * (n - first), seconds[n]) for n in batch]
        now = max(span.end for span in spans) + 0.02
    return spans


def in_turn(seconds, chained=False):
    """Each is submitted when the one before has ended; chained, it is given that one's result too."""
    spans, now = [], 0.0
    for index, length in enumerate(seconds):
        parents = frozenset({f"sql_query-{index - 1}"} if chained and index else ())
        spans.append(query(index, now, now + 0.01, length, parents=parents))
        now = spans[-1].end + 0.01
    return spans


def after(spans, *tasks, seconds=0.2, wait=0.02):
    """Tasks submitted together when all the spans have ended."""
    now = max(span.end for span in spans) + wait
    return spans + [query(len(spans) + n, now, now + 0.01, seconds, task) for n, task in enumerate(tasks)]


def diamond(left=0.4, right=0.5):
    top = query(0, 0.0, 0.01, 0.3, "extract")
    middle = [
        query(1, 0.01, 0.32, left, "customers", parents=frozenset({top.id})),
        query(2, 0.02, 0.32, right, "orders", parents=frozenset({top.id})),
    ]
    last = query(3, 0.02, 0.33 + max(left, right), 0.2, "join", parents=frozenset(s.id for s in middle))
    return [top, *middle, last]


def two_stages(slots=3):
    """Six queries, all collected; six more of the same task that were given the results."""
    first = limited(UNEVEN[:6], slots)
    now, parents = max(s.end for s in first) + 0.02, frozenset(s.id for s in first)
    shifted = [
        replace(s, name=f"sql_query-{6 + s.index}", index=6 + s.index, id=f"sql_query-{6 + s.index}", parents=parents,
                created=s.created + now, start=s.start + now, end=s.end + now)
        for s in first
    ]  # fmt: skip
    return first + shifted


def returned_after(spans):
    """The timeline of a flow that collected everything before it returned."""
    end = max(s.end for s in spans) + 0.05
    return Timeline(spans, begin=-0.05, end=end, returned=end)


def finding(code, spans, limit=None, **moments):
    """The finding of this code; it must be the only one of its code, and name tasks that are there."""
    timeline = spans if isinstance(spans, Timeline) else Timeline(spans, **moments)
    found = [f for f in diagnose(timeline, limit) if f.code == code]
    assert len(found) == 1, f"{code} not among {diagnose(timeline, limit)}"
    assert set(found[0].tasks) <= {s.name for s in timeline}
    return found[0]


def codes(spans, limit=None, **moments):
    return [f.code for f in diagnose(Timeline(spans, **moments), limit)]


# ----------------------------------------
# Good runs draw nothing

GOOD = {
    "a limit of 3, uneven tasks": (limited(UNEVEN, 3), 3),
    "a limit of 1 that is wanted": (limited(UNEVEN, 1), 1),
    "a pool of 3 workers": (pooled(UNEVEN, 3), 3),
    "a pool in lock-step": (pooled([0.5] * 12, 3), 3),
    "a pool whose workers end together once": (pooled([0.5, 0.3, 0.4, 0.5, 0.7, 0.6, *UNEVEN], 3), 3),
    "all at once, uncontrolled": (limited(UNEVEN, 12), None),
    "all at once under a limit that is larger": (limited(UNEVEN, 12), 20),
    "as many tasks as slots": (limited(UNEVEN[:3], 3), 3),
    "fewer tasks than slots": (limited(UNEVEN[:2], 3), 3),
    "a chain": (in_turn(UNEVEN, chained=True), None),
    "a chain under a limit": (in_turn(UNEVEN, chained=True), 3),
    "extract, transform, load with results that Prefect does not track": (
        [query(n, n, n + 0.01, 0.9, task) for n, task in enumerate(["extract", "transform", "load"])],
        3,
    ),
    "a diamond": (diamond(), None),
    "a diamond under a limit": (diamond(), 3),
    "two stages, the second given the results of the first": (two_stages(), 3),
    "queries, and clean-up when all have ended": (after(limited(UNEVEN, 3), "cleanup1", "cleanup2"), 3),
    "queries, clean-up, publishing": (after(after(limited(UNEVEN, 3), "cleanup1"), "publish"), 3),
    "parallel queries, then one more of the same task": (after(limited(UNEVEN, 12), "sql_query"), None),
    "tasks too short to overlap": ([query(n, n * 0.02, n * 0.02 + 0.005, 0.01) for n in range(20)], 3),
    "two tasks in turn": (in_turn(UNEVEN[:2]), 3),
    "one task": (in_turn(UNEVEN[:1]), 3),
    "nothing": ([], 3),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_runs_draw_nothing(name):
    spans, limit = GOOD[name]
    timeline = returned_after(spans) if spans else Timeline()
    assert diagnose(timeline, limit) == []
    assert explain(timeline, limit).startswith("No problems found: ")


def test_a_good_run_is_summed_up_with_what_was_measured():
    assert explain(Timeline(diamond())) == "No problems found: 4 tasks in 1.02 s, at most 2 at once."
    assert "ideal for 3 slots is 1.90 s" in explain(Timeline(limited(UNEVEN, 3)), 3)
    assert explain(Timeline()) == "No problems found: no task ran."


# ----------------------------------------
# One at a time


def test_result_in_the_loop():
    found = finding("one-at-a-time", in_turn(UNEVEN), limit=3)
    assert found.tasks[0] == "sql_query-0" and len(found.tasks) == 12
    assert found.seconds == pytest.approx(sum(UNEVEN) + 11 * 0.02)
    assert "sql_query-0, sql_query-1, sql_query-2 and 9 more" in found.text and "5.92 s" in found.text
    assert ".result() in the loop that submits" in found.text


def test_one_worker_and_a_limit_of_one():
    assert "task runner with one worker" in finding("one-at-a-time", pooled(UNEVEN, 1)).text
    found = finding("one-at-a-time", limited(UNEVEN, 1))
    assert "created early and waited" in found.text and "limit of 1" in found.text and ".result()" not in found.text


def test_one_at_a_time_is_seen_before_a_parallel_clean_up():
    assert codes(after(in_turn(UNEVEN), "cleanup1", "cleanup2")) == ["one-at-a-time"]


def test_independent_chains_in_turn_are_one_at_a_time():
    pages = [query(n, n, n + 0.01, 0.4, "download") for n in range(4)]
    parsed = [query(n, n + 0.5, n + 0.51, 0.4, "parse", parents=frozenset({pages[n].id})) for n in range(4)]
    assert codes(pages + parsed) == ["one-at-a-time"]


# ----------------------------------------
# Limits


def test_limit_exceeded():
    found = finding("limit-exceeded", limited([0.5] * 6, 6), limit=2, begin=-1.0)
    assert len(found.tasks) == 6
    assert "6 tasks ran at once under a limit of 2, 0.02 s after the first start" in found.text
    assert found.seconds == pytest.approx(0.504)  # from the third start to the fourth end
    assert codes(limited([0.5] * 6, 2), limit=2) == []


def test_tasks_that_were_cancelled_prove_nothing_of_the_limit():
    """As recorded when a server was killed: each had a slot, and it was given on before their end was recorded."""
    cancelled = [replace(span, state="CRASHED") for span in limited([0.1] * 6, 6)]
    ran = limited([0.5] * 4, 2)
    assert Timeline((*ran, *cancelled)).peak == 8
    assert codes((*ran, *cancelled), limit=2) == []
    over = limited([0.5] * 4, 4)
    assert finding("limit-exceeded", (*over, *cancelled), limit=2).text.startswith("4 tasks ran at once")


def test_limit_not_reached():
    found = finding("limit-not-reached", pooled(UNEVEN, 2), limit=3)
    assert "No more than 2 of the 12" in found.text and "fewer workers" in found.text
    assert "a second tag" in finding("limit-not-reached", limited(UNEVEN[:6], 4), limit=5).text


def test_limit_not_reached_for_batches_that_are_too_small():
    spans = in_batches(UNEVEN, 2)
    assert codes(spans, limit=3) == ["batch-barriers", "limit-not-reached"]
    assert "batches smaller than the limit" in finding("limit-not-reached", spans, limit=3).text


def test_a_servers_long_slot_wait_is_named_in_place_of_a_pool():
    for wait, hand_over, words in (
        (10.0, 5.0, "only after up to 10 s"),
        (0.1, 0.3, "ThreadPoolTaskRunner(max_workers=2)"),
        (0.1, 1.1, "does something block the event loop"),
    ):
        ran = Timeline(tuple(limited([0.5] * 6, 2, hand_over=hand_over)), around=Surroundings(slot_wait=wait))
        (found,) = [found for found in diagnose(ran, 2) if found.code == "slow-hand-over"]
        assert words in found.text


def test_slow_hand_over():
    found = finding("slow-hand-over", limited([0.5] * 20, 3, hand_over=0.2), limit=3)
    assert found.seconds == pytest.approx(17 * 0.2, abs=0.02)
    assert "0.20 s at each of 17 hand-overs" in found.text and "max_workers=3" in found.text
    assert codes(limited([2.5] * 20, 3, hand_over=0.2), limit=3) == []  # the same loss, and small beside the work


def test_waiting_for_a_result_is_not_waiting_for_a_slot():
    first = [query(n, 0.0, 0.01, seconds, "extract") for n, seconds in enumerate([1.0, 1.0, 1.9])]
    given = frozenset({first[-1].id})
    second = [query(3 + n, 0.02, 1.92, 0.5, "load", parents=given) for n in range(3)]
    assert codes(first + second, limit=3) == []
    unrelated = [replace(span, parents=frozenset()) for span in second]
    assert codes(first + unrelated, limit=3) == ["slow-hand-over"]


def test_slots_that_batches_leave_empty_are_no_slow_hand_over():
    first = limited([0.3] * 5 + [0.6], 3, hand_over=0.2)
    now = max(span.end for span in first) + 0.02
    later = [
        replace(s, index=s.index + 6, created=s.created + now, start=s.start + now, end=s.end + now) for s in first
    ]
    assert codes(first, limit=3) == ["slow-hand-over"]
    assert codes(first + later, limit=3) == ["batch-barriers"]


@pytest.mark.parametrize("limit", [0, -3, 1.5])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match="whole number of slots"):
        diagnose(Timeline(diamond()), limit)


# ----------------------------------------
# Batches


def test_batch_barriers():
    spans = in_batches(UNEVEN[:8], 3)
    found = finding("batch-barriers", spans, limit=3)
    # The slots up to the end of the slowest, less the work: of two barriers, as nothing waits behind the third batch.
    assert found.seconds == pytest.approx((3 * 0.504 - 1.2) + (3 * 0.7 - 1.65))
    assert found.tasks == ("sql_query-1", "sql_query-3")
    assert "8 tasks ran in 3 batches of up to 3" in found.text and f"{found.seconds:.2f} slot-seconds" in found.text


def test_batches_of_equal_tasks_lose_nothing_and_prove_nothing():
    assert codes(in_batches([0.5] * 9, 3), limit=3) == []  # a pool of 3 workers looks the same
    assert codes(in_batches([0.5] * 8 + [0.6], 3), limit=3) == []  # nothing waits behind the last
    assert codes(in_batches([0.5, 0.5, 0.6, 0.5, 0.5, 0.5], 3), limit=3) == ["batch-barriers"]


def test_a_progress_task_between_batches_hides_nothing():
    spans = in_batches(UNEVEN[:9], 3)
    progress = [query(20 + n, spans[n].end, spans[n].end, 0.0, "log_progress") for n in (1, 3)]
    assert codes(spans + progress) == ["batch-barriers"]


# ----------------------------------------
# The end of a run


def test_straggler():
    spans = limited([0.4] * 11 + [2.0], 3)
    found = finding("straggler", spans, limit=3)
    assert found.tasks == ("sql_query-11",) and found.seconds == pytest.approx(1.6, abs=0.02)
    assert "took 2.00 s" in found.text and "It ran alone for 1.6" in found.text
    assert codes([replace(s) for s in limited([2.0] + [0.4] * 11, 3)], limit=3) == []  # longest first: well hidden


def test_straggler_before_the_clean_up():
    assert codes(after(limited([0.4] * 11 + [2.0], 3), "cleanup1"), limit=3) == ["straggler"]


def test_a_long_last_step_is_no_straggler():
    assert codes(after(limited([0.4] * 6, 3), "train_model", seconds=5.0), limit=3) == []


def test_early_cleanup():
    spans = limited(UNEVEN, 3)
    cleanup = query(12, 0.05, 0.1, 0.1, "cleanup1")
    found = finding("early-cleanup", [*spans, cleanup], begin=0.0)
    assert found.tasks == ("cleanup1-12",)
    assert found.seconds == pytest.approx(max(s.end for s in spans) - 0.1)
    assert "sql_query-0, sql_query-1, sql_query-2 and 9 more were still running or waiting" in found.text


@pytest.mark.parametrize("task", ["clean_up", "clean-up files", "Teardown", "publish_all"])
def test_other_names_for_what_comes_last(task):
    spans = limited(UNEVEN, 12)
    assert codes([*spans, query(12, 0.06, 0.1, 0.1, task)]) == ["early-cleanup"]


def test_clean_up_of_each_query_after_its_own_is_not_early():
    spans = limited(UNEVEN, 12)
    own = [query(20 + s.index, 0.06, s.end + 0.01, 0.1, "cleanup", parents=frozenset({s.id})) for s in spans]
    assert codes(spans + own) == []


def test_clean_up_between_two_rounds_is_not_early():
    first = after(limited(UNEVEN[:3], 3), "cleanup")
    now = first[-1].end + 0.01
    assert codes([*first, *(query(9 + n, now, now + 0.01, 0.5, "report") for n in range(3))]) == []


def test_outlived_collection():
    spans = limited(UNEVEN, 3)
    spans[-1] = replace(spans[-1], state="FAILED")
    end = max(s.end for s in spans)
    found = finding("outlived-collection", spans, limit=3, returned=end - 0.5)
    assert found.seconds == pytest.approx(0.5) and "sql_query-11" in found.tasks
    assert "1 of them failed." in found.text and ".result() on every future" in found.text
    spans[-2] = replace(spans[-2], state="CRASHED")
    found = finding("outlived-collection", spans, limit=3, returned=0.0)
    assert "1 of them failed; 1 of them cancelled." in found.text
    assert codes(spans, limit=3, returned=end) == codes(spans, limit=3) == []


def test_what_is_wrong_comes_before_what_is_slow():
    spans = [*limited([0.4] * 11 + [2.0], 4), query(12, 0.05, 0.1, 0.1, "cleanup1")]
    order = ["limit-exceeded", "outlived-collection", "early-cleanup", "straggler"]
    assert codes(spans, limit=3, returned=0.2) == order
    lines = explain(Timeline(spans, returned=0.2), 3).splitlines()
    assert lines == [f.text for f in diagnose(Timeline(spans, returned=0.2), 3)]


# ----------------------------------------
# Whatever comes

MOMENTS = st.integers(0, 30).map(lambda n: n / 10)
IDS = st.sampled_from(["", "a", "b", "c", "d"])


@st.composite
def spans(draw):
    created, start, end = draw(st.tuples(MOMENTS, MOMENTS, MOMENTS))
    kind = draw(st.sampled_from(["ended", "ended", "running", "waiting"]))
    return Span(
        name=draw(st.sampled_from(["q-0", "q-1", "q-2", "cleanup-3"])),
        index=draw(st.integers(0, 9)),
        created=created,  # possibly after the start: two clocks
        start=None if kind == "waiting" else start,
        end=max(start, end) if kind == "ended" else None,
        state=draw(st.sampled_from(["COMPLETED", "FAILED"])),
        task=draw(st.sampled_from(["", "q", "cleanup"])),
        id=draw(IDS),
        parents=draw(st.frozensets(IDS, max_size=2)),
    )


@given(
    st.builds(Timeline, st.lists(spans(), max_size=12), returned=st.none() | MOMENTS, until=st.none() | MOMENTS),
    st.none() | st.integers(1, 5),
)
@example(Timeline([query(0, 0.0, 1.0, None), query(1, 0.0, None, None)]), 1)
def test_any_timeline_can_be_looked_at(timeline, limit):
    found = diagnose(timeline, limit)
    for one in found:
        assert one.tasks and set(one.tasks) <= {span.name for span in timeline}
        assert one.text.endswith(".") and (one.tasks[0] in one.text or one.code == "slow-hand-over")
        assert one.seconds is None or one.seconds >= 0
    order = [one.code for one in found]
    assert order == sorted(set(order), key=list(CODES).index)
    assert explain(timeline, limit)


def test_a_cancelled_task_and_one_that_calls_the_others_are_no_stragglers():
    spans = [query(n, 0.0, 0.01 * n, 0.2) for n in range(4)]
    long = query(4, 0.0, 0.05, 2.0)
    assert codes([*spans, long]) == ["straggler"]
    assert codes([*spans, replace(long, state="CRASHED", message="Execution was cancelled")]) == []
    assert codes([*(replace(s, parents=frozenset({long.id})) for s in spans), long]) == []


def test_a_step_that_is_named_like_a_clean_up_is_none():
    work, other = query(0, 0.0, 0.01, 0.2), query(1, 0.0, 0.01, 2.0)
    cleanup = replace(query(2, 0.25, 0.26, 0.1, "clean_up"), parents=frozenset({work.id}))
    assert "early-cleanup" not in codes([work, other, cleanup])
    assert "early-cleanup" in codes([work, other, replace(cleanup, parents=frozenset())])
    assert "early-cleanup" not in codes([work, replace(other, flow="another"), replace(cleanup, parents=frozenset())])


# ----------------------------------------
# What was around


def around(spans, **known):
    return Timeline(tuple(spans), around=Surroundings(state="COMPLETED", **known))


def tagged(spans, tag, first=0):
    return [
        replace(
            s, tags=frozenset({tag}), index=s.index + first, name=f"{tag}-{s.index}", task=tag, id=f"{tag}-{s.index}"
        )
        for s in spans
    ]


def test_each_tag_is_judged_by_its_own_limit_without_being_told():
    spans = [*tagged(limited([0.5] * 6, 4), "api"), *tagged(limited([0.5] * 6, 2), "database", 6)]
    both = around(spans, limits={"api": 2, "database": 2})
    (found,) = diagnose(both)
    assert found.code == "limit-exceeded" and "4 tasks ran at once under a limit of 2" in found.text
    assert "The limit on 'api' is 2" in found.text
    own = around(spans, limits={"api": 4, "database": 2})
    assert diagnose(own) == [] and "Each tag is judged by its own limit: 'api' (4) and 'database' (2)." in explain(own)
    exceeded = diagnose(around(spans, limits={"api": 3, "database": 1}))
    assert [found.code for found in exceeded] == ["limit-exceeded"] * 2
    assert "'api' is 3" in exceeded[0].text and "'database' is 1" in exceeded[1].text
    assert diagnose(around(spans, limits={"api": 0})) == []  # it is shut: there is nothing to judge


def test_a_limit_that_a_smaller_one_on_a_second_tag_keeps_from_being_reached_is_no_finding():
    spans = [replace(span, tags=frozenset({"api", "database"})) for span in limited([0.5] * 8, 2)]
    assert diagnose(around(spans, limits={"api": 5, "database": 2})) == []
    (found,) = diagnose(around(spans, limits={"api": 5}))
    assert found.code == "limit-not-reached" and "the limit on 'api' allows 5" in found.text


def test_a_limit_of_one_on_the_server_explains_tasks_in_turn():
    spans = tagged(in_turn(UNEVEN), "database")
    assert [found.code for found in diagnose(around(spans))] == ["one-at-a-time"]
    assert diagnose(around(spans, limits={"database": 1})) == []


def flow_runs(name, moments, **more):
    return [Span(f"{name}-{n}", n, created, start, end, task=name, id=f"{name}-{n}", **more)
            for n, (created, start, end) in enumerate(moments)]  # fmt: skip


IN_TURN = [(0.0, 0.1, 1.0), (1.1, 1.2, 2.0), (2.1, 2.2, 3.0)]


def test_flow_runs_in_turn_are_told_apart_by_their_caller():
    (child,) = flow_runs("child", [(0.0, 0.0, 4.0)], flow="root")
    grandchildren = flow_runs("grandchild", IN_TURN, flow=child.id)
    (found,) = diagnose(around([], children=(child, *grandchildren)))
    assert found.code == "children-in-turn" and "of 'grandchild' called by 'child-0' ran one after" in found.text
    others = [replace(span, flow=f"child-{n}") for n, span in enumerate(grandchildren)]  # one each
    assert diagnose(around([], children=(child, *others))) == []
    attempts = [replace(span, attempt=1 + n) for n, span in enumerate(grandchildren)]
    assert diagnose(around([], children=(child, *attempts))) == []


def test_flow_runs_in_turn_under_a_limit_of_one_are_wanted():
    placed = {"flow": "root", "deployment": "prod", "work_pool": "pool/high"}
    children = tuple(flow_runs("night", IN_TURN, **placed))
    for name in ("deployment 'prod'", "work pool 'pool'", "work queue 'pool/high'"):
        assert diagnose(around([], children=children, other_limits={name: 1})) == []
        assert [f.code for f in diagnose(around([], children=children, other_limits={name: 2}))] == ["children-in-turn"]
    early = tuple(flow_runs("night", [(0.0, start, end) for _, start, end in IN_TURN], **placed))
    (found,) = diagnose(around([], children=early))
    assert "They were created early and waited" in found.text and "need the one before" not in found.text


def test_flow_runs_that_were_triggered_and_not_awaited_are_fine_until_they_are_late():
    (scheduled,) = flow_runs(
        "night", [(0.0, None, None)], state="SCHEDULED", state_name="Scheduled", work_pool="pool/q"
    )
    assert diagnose(around([], children=(scheduled,))) == []
    (found,) = diagnose(around([], children=(replace(scheduled, state_name="Late"),)))
    assert found.code == "never-begun" and "night-0 (work pool 'pool/q')" in found.text


def test_a_failure_that_was_repeated_is_not_unseen():
    outer = query(0, 0.0, 0.01, 2.0, "outer", tries=2)
    failed = query(1, 0.1, 0.2, 0.3, "inner", state="FAILED", parents=frozenset({outer.id}))
    assert [found.code for found in diagnose(around([failed, replace(outer, tries=1)]))] == ["failed-unseen"]
    assert diagnose(around([failed, outer])) == []
    given = replace(failed, start=2.1, end=2.2)  # it was given the result of the other, and was not called by it
    assert [found.code for found in diagnose(around([given, outer]))] == ["failed-unseen"]
    child = flow_runs("child", [(0.1, 0.2, 0.3)], state="FAILED", flow="root")[0]
    assert [found.code for found in diagnose(around([], children=(child,)))] == ["failed-unseen"]
    again = replace(child, state="COMPLETED", attempt=2, id="again")
    assert diagnose(around([], children=(child, again))) == []


def loads_behind_extracts(lengths, **more):
    """A load under the tag for each extract, which has none; each load starts when its own extract has ended."""
    extracts = [query(n, 0.0, 0.01, length, "extract") for n, length in enumerate(lengths)]
    return extracts + [
        query(n, 0.0, extract.end + 0.01, 0.2, "load", tags=frozenset({"db"}), parents=frozenset({extract.id}), **more)
        for n, extract in enumerate(extracts)
    ]


def test_a_wait_for_an_input_is_no_wait_for_a_slot():
    other = query(9, 0.0, 0.01, 3.0, "other", tags=frozenset({"db"}))
    spans = loads_behind_extracts([0.3, 0.6, 0.9, 1.2])
    for known in ({}, {"others": (other,)}, {"unexplained": {"db": 1}}):
        assert diagnose(around(spans, limits={"db": 3}, **known)) == [], known
    waited = [replace(s, start=s.start + 0.4, end=s.end + 0.4) if s.task == "load" else s for s in spans]
    found = [finding.code for finding in diagnose(around(waited, limits={"db": 1}, others=(other,)))]
    assert "slots-elsewhere" in found  # with all inputs there, and no slot free


def test_a_limit_that_is_higher_by_now_is_asked_about():
    spans = tagged(limited([0.5] * 6, 2), "db")
    assert diagnose(around(spans, limits={"db": 2})) == []
    (found,) = diagnose(around(spans, limits={"db": 4}))
    assert found.code == "limit-not-reached" and "Was the limit on 'db' lower at that time?" in found.text


def test_tasks_of_the_same_name_and_another_key_are_different_tasks():
    steps = [replace(span, task="run", key=f"run-{n}") for n, span in enumerate(in_turn([0.3, 0.4, 0.5]))]
    assert diagnose(around(steps)) == []
    assert [f.code for f in diagnose(around([replace(s, key="run-0") for s in steps]))] == ["one-at-a-time"]


def test_tasks_that_a_task_calls_in_turn_are_one_at_a_time_although_it_runs_beside_them():
    parts = [replace(span, parents=frozenset({"whole-9"})) for span in in_turn([0.3] * 4)]
    whole = query(9, 0.0, 0.0, parts[-1].end + 0.1, "whole")
    assert "one-at-a-time" in [f.code for f in diagnose(around([whole, *parts]))]


def test_a_long_task_that_others_waited_for_is_no_straggler_and_one_with_inputs_cannot_start_first():
    short = [query(n, 0.0, 0.01, 0.5 if n else 0.2) for n in range(6)]
    long = query(6, 0.0, 0.22, 2.0, parents=frozenset({short[0].id}))
    (found,) = diagnose(around([*short, long]))
    assert found.code == "straggler" and "when its inputs were there" in found.text
    late = query(7, 0.0, long.end + 0.01, 0.01, "report", parents=frozenset({long.id}))
    assert diagnose(around([*short, long, late])) == []
    failed = Timeline((*short, replace(long, parents=frozenset(), start=0.01)), around=Surroundings(state="FAILED"))
    assert diagnose(failed) == []


def test_a_closing_task_for_each_item_is_a_step_and_none_that_comes_last():
    items = [query(n, 0.0, 0.01, length) for n, length in enumerate((1.0, 2.0, 2.4))]
    publish = [query(n + 3, 1.02 + n, 1.03 + n, 0.05, "publish") for n in range(2)]
    assert diagnose(around([*items, *publish])) == []
    assert [f.code for f in diagnose(around([*items, publish[0]]))] == ["early-cleanup"]


def test_a_failure_that_another_task_was_given_is_allowed_for():
    failed = query(0, 0.0, 0.01, 0.2, "fetch", state="FAILED", message="ValueError: no")
    report = query(1, 0.0, 0.22, 0.1, "report", parents=frozenset({failed.id}))
    assert diagnose(around([failed, report])) == []
    assert [f.code for f in diagnose(around([failed, replace(report, parents=frozenset())]))] == ["failed-unseen"]
    (found,) = diagnose(around([replace(failed, state="CRASHED"), replace(report, parents=frozenset())]))
    assert "Did it cancel it itself?" in found.text and "future" not in found.text


def test_what_was_cancelled_long_before_the_flow_failed_had_ended():
    mirror = query(0, 0.0, 0.01, 0.2, "mirror", state="CRASHED", message="Execution was cancelled")
    failed = query(1, 0.0, 0.01, 0.2, "order", state="FAILED", message="ValueError: order 17 was cancelled")
    flow = Timeline((mirror, failed), returned=2.0, end=2.0, around=Surroundings(state="FAILED"))
    assert diagnose(flow) == []
    assert [f.code for f in diagnose(replace(flow, returned=0.5, end=0.5))] == ["flow-ended-first"]
    assert diagnose(replace(flow, returned=0.5, end=1.2)) == []  # it is known exactly when the flow raised


def test_tasks_that_a_called_flow_did_not_collect_outlived_it():
    (child,) = flow_runs("child", [(0.0, 0.1, 0.3)], flow="root")
    task = query(0, 0.1, 0.2, 1.0, flow=child.id)
    parent = Timeline((task,), returned=5.0, around=Surroundings(state="COMPLETED", children=(child,)))
    (found,) = diagnose(parent)
    assert found.code == "outlived-collection" and found.seconds == pytest.approx(0.9) and "their flow's" in found.text
    assert diagnose(replace(parent, spans=(replace(task, end=0.3),))) == []


def test_flow_runs_that_are_given_the_result_of_the_one_before_are_fine():
    children = flow_runs("step", IN_TURN, flow="root")
    assert [f.code for f in diagnose(around([], children=tuple(children)))] == ["children-in-turn"]
    chained = [replace(c, parents=frozenset({f"step-{n - 1}"} if n else ())) for n, c in enumerate(children)]
    assert diagnose(around([], children=tuple(chained))) == []


def test_a_command_is_quoted_for_the_shell():
    spans = tagged(limited([0.5] * 6, 1), "my db")
    found = [f.text for f in diagnose(around(spans, limits={"my db": 3}, unexplained={"my db": 2}))]
    assert any("`prefect gcl update 'tag:my db' --active-slots 0`" in text for text in found)


def test_the_document_has_every_finding_in_its_order():
    text = (CHECKOUT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE) == list(CODES)
    assert re.findall(r"^### `([\w-]+)`$", text, re.MULTILINE) == list(CODES)


# ----------------------------------------
# Called flows pass results on, too


def fed(*parents):
    return {"parents": frozenset(span.id for span in parents)}


def test_a_loop_whose_results_pass_through_a_called_flow_is_a_chain():
    first, second, third = (query(n, n, n + 0.01, 0.3, "refine") for n in range(3))
    one, other = flow_runs("score", [(0.4, 0.5, 0.8), (1.4, 1.5, 1.8)], flow="root")
    rounds = [first, replace(second, **fed(one)), replace(third, **fed(other))]
    children = (replace(one, **fed(first)), replace(other, **fed(second)))
    assert diagnose(around(rounds, children=children)) == []
    apart = [replace(span, parents=frozenset()) for span in rounds]
    assert [f.code for f in diagnose(around(apart, children=children))] == ["one-at-a-time"]


def test_called_flows_that_pass_a_result_on_by_way_of_tasks_are_a_chain():
    children = flow_runs("score", IN_TURN, flow="root")
    between = [query(n, c.end + 0.01, c.end + 0.02, 0.05, f"step_{n}", **fed(c)) for n, c in enumerate(children)]
    chained = (children[0], *(replace(c, **fed(t)) for c, t in zip(children[1:], between, strict=False)))
    assert diagnose(around(between, children=chained)) == []
    assert [f.code for f in diagnose(around(between, children=tuple(children)))] == ["children-in-turn"]


def test_what_a_called_flow_was_given_is_used():
    failed = query(0, 0.0, 0.01, 0.2, "fetch", state="FAILED", message="ValueError: no")
    (child,) = flow_runs("report", [(0.3, 0.4, 0.6)], flow="root", **fed(failed))
    assert diagnose(around([failed], children=(child,))) == []
    broken = replace(child, state="FAILED", parents=frozenset())
    told = query(1, 0.7, 0.71, 0.1, "report", **fed(broken))
    assert diagnose(around([told], children=(broken,))) == []
    parts = [query(n, 0.0, 0.01, 3.0 if n == 3 else 0.3) for n in range(4)]
    (whole,) = flow_runs("whole", [(3.1, 3.2, 3.5)], flow="root", **fed(parts[3]))
    assert diagnose(around(parts, children=(whole,))) == []
    assert [f.code for f in diagnose(around(parts))] == ["straggler"]
    cleanup = query(9, 0.7, 0.71, 0.1, "clean_up", **fed(child))
    assert diagnose(around([query(1, 0.0, 0.01, 2.0), cleanup], children=(child,))) == []


def test_the_tasks_of_a_deployed_flow_run_go_on_by_themselves():
    (child,) = flow_runs("night", [(0.1, 1.0, 3.0)], flow="root", deployment="prod")
    (called,) = flow_runs("step", [(1.0, 1.1, 2.9)], flow=child.id)
    tasks = [query(n, 1.2, 1.3, 1.0, flow=home.id) for n, home in enumerate((child, called))]
    for state in ("COMPLETED", "FAILED"):
        run = Timeline(tuple(tasks), returned=0.5, end=0.5, around=Surroundings(state=state, children=(child, called)))
        assert diagnose(run) == []
        inside = tuple(replace(span, deployment="") for span in (child, called))
        assert diagnose(replace(run, around=replace(run.around, children=inside))) != []


# ----------------------------------------
# What looks like trouble and is none


@pytest.mark.parametrize("pause, found", [(0.02, ["batch-barriers"]), (2.0, [])])
def test_rounds_with_a_pause_in_between_are_no_batches(pause, found):
    spans = []
    for start in (0.0, 0.5 + pause, 2 * (0.5 + pause)):
        spans += [query(len(spans) + n, start, start + 0.01, seconds) for n, seconds in enumerate((0.5, 0.1, 0.3))]
    assert codes(spans) == found


def test_tasks_whose_inputs_came_one_by_one_are_neither_batches_nor_short_of_a_limit():
    pages = [query(n, n * 1.0, n * 1.0 + 0.01, 0.99, "list_page") for n in range(3)]
    loads = [
        query(3 * p + n, page.end + 0.01, page.end + 0.02, seconds, "load", tags=frozenset({"db"}), **fed(page))
        for p, page in enumerate(pages) for n, seconds in enumerate((0.5, 0.1, 0.3))
    ]  # fmt: skip
    listed_ahead = [replace(page, created=0.0, start=0.0) for page in pages]
    assert diagnose(around([*listed_ahead, *loads], limits={"db": 5})) == []


def test_a_pool_whose_workers_end_a_little_apart_works_off_no_batches():
    spans = in_batches([0.8, 0.86] * 3, 2)
    assert codes(spans) == []
    assert codes(in_batches([0.8, 0.4] * 3, 2)) == ["batch-barriers"]


def test_what_is_said_of_a_retry_is_what_it_took():
    short = [query(n, 0.0, 0.01, 0.4) for n in range(3)]
    again = query(3, 0.0, 0.01, 2.4, tries=3)
    (found,) = diagnose(around([*short, again]))
    assert found.code == "retry-delay" and "2.40 s in all" in found.text and "delays" not in found.text
    (found,) = diagnose(around([*short, replace(again, delays=((0.5, 1.5),))]))
    assert "with its retry delays" in found.text


def test_a_straggler_is_compared_with_those_whose_code_ran_to_its_end():
    hits = [query(n, 0.0, 0.01, 0.01, state_name="Cached") for n in range(4)]
    assert codes([*hits, query(4, 0.0, 0.01, 1.5)]) == []
    assert codes([*(replace(hit, state_name="", end=0.3) for hit in hits), query(4, 0.0, 0.01, 1.5)]) == ["straggler"]


def test_a_straggler_beside_a_called_flow_run_did_not_run_alone():
    spans = [query(n, 0.0, 0.01, 3.0 if n == 3 else 0.4) for n in range(4)]
    (beside,) = flow_runs("other", [(0.1, 0.2, 4.0)], flow="root")
    assert diagnose(around(spans, children=(beside,))) == []
    inside = [replace(span, flow=beside.id) for span in spans]  # it ends when this flow run does
    assert [f.code for f in diagnose(around(inside, children=(beside,)))] == ["straggler"]


def test_a_straggler_that_was_submitted_when_its_inputs_had_come_could_not_start_first():
    work = [query(n, 0.0, 0.01, 1.0) for n in range(4)]
    config = query(9, 0.0, 0.01, 0.6, "config")
    train = query(4, 0.63, 0.64, 2.5, **fed(config))
    (found,) = diagnose(around([*work, config, train]))
    assert found.code == "straggler" and "when its inputs were there" in found.text
    (found,) = diagnose(around([*work, config, replace(train, parents=frozenset())]))
    assert "submit the longest task first" in found.text


def test_a_failure_is_repeated_by_whichever_caller_was_tried_again():
    outer = query(0, 0.0, 0.01, 2.0, "outer", tries=2)
    middle = query(1, 0.1, 0.2, 0.6, "middle", state="FAILED", **fed(outer))
    inner = query(2, 0.3, 0.4, 0.2, "inner", state="FAILED", **fed(middle))
    assert diagnose(around([inner, middle, outer])) == []
    alone = query(0, 0.0, 0.01, 0.2, state="FAILED", flow="root")
    assert diagnose(around([alone], tries=2)) == []  # the second attempt ran no task
    assert explain(around([alone], tries=2)).startswith("The flow run was tried 2 times")
    (child,) = flow_runs("child", [(0.0, 0.1, 0.9)], flow="root", tries=2)
    assert diagnose(around([replace(alone, flow=child.id)], children=(child,))) == []
    assert [f.code for f in diagnose(around([alone]))] == ["failed-unseen"]


def test_a_task_tried_again_by_hand_until_it_worked_needed_that_order():
    tried = [replace(span, state="FAILED", message="reset") for span in in_turn([0.2] * 4)]
    assert "one-at-a-time" not in codes([*tried[:-1], replace(tried[-1], state="COMPLETED", message="")])
    assert "one-at-a-time" in codes(in_turn([0.2] * 4))


def test_callers_count_under_the_limit_of_their_own_tag_and_no_other():
    reports = [query(n, 0.0, 0.01, 1.2, "report") for n in range(3)]
    parts = [query(n + 3, 0.1, 0.11, 0.9, "part", **fed(report)) for n, report in enumerate(reports)]
    assert codes([*reports, *parts], 3) == []
    both = [replace(span, tags=frozenset({"db"})) for span in [*reports, *parts]]
    assert [f.code for f in diagnose(around(both, limits={"db": 3}), 3)] == ["limit-exceeded"]
    assert diagnose(around(both, limits={"db": 6})) == []


def test_names_that_only_sound_like_a_last_step_are_none():
    work = [query(n, 0.01, 0.02, 0.8) for n in range(3)]
    for name in ("fetch_published_articles", "republish"):
        assert codes([*work, query(3, 0.02, 0.03, 0.1, name)]) == []
    assert codes([query(3, 0.0, 0.01, 0.1, "publish_start"), *work]) == []  # it is the first of all
    names = query(3, 0.02, 0.03, 0.1, "cleanup_names")
    join = query(4, 0.9, 0.91, 0.1, "join", **fed(names))
    assert codes([*work, names, join]) == []
    assert codes([*work, names]) == ["early-cleanup"]


def test_allow_failure_is_advised_only_where_it_helps():
    gate = query(0, 0.0, 0.01, 0.1, "gate", state="CANCELLED", state_name="Skipped", message="Skipped: weekend")
    never = query(1, 0.0, None, None, "load", state="PENDING", message="NotReady: upstream", **fed(gate))
    texts = {f.code: f.text for f in diagnose(around([gate, never]))}
    assert "allow_failure" not in texts["upstream-failed"]
    failed = replace(gate, state="FAILED", state_name="")
    assert "allow_failure" in {f.code: f.text for f in diagnose(around([failed, never]))}["upstream-failed"]


def test_a_wait_for_a_deployments_limit_is_told_also_of_a_run_that_failed_later():
    (child,) = flow_runs(
        "night", [(0.0, 30.0, 31.0)], flow="root", deployment="prod", state="FAILED",
        message="AwaitingConcurrencySlot; ValueError: no rows",
    )  # fmt: skip
    texts = {f.code: f.text for f in diagnose(around([], children=(child,)))}
    assert (
        "up to 30.0 s: night-0" in texts["deployment-limit"]
        and "night-0 (ValueError: no rows)" in texts["failed-unseen"]
    )


def test_tasks_that_were_cut_off_were_not_awaited():
    spans = (query(0, 0.0, 0.01, 0.5), query(1, 0.0, 0.01, 0.6, state="CRASHED", message="Execution was cancelled"))
    (found,) = diagnose(Timeline(spans, returned=0.55, end=0.55, around=Surroundings(state="COMPLETED")))
    assert found.code == "outlived-collection" and "They were cut off" in found.text


def test_called_flow_runs_in_turn_are_told_by_what_called_them():
    children = flow_runs("table", IN_TURN, flow="root")
    tasks = [query(n, c.created - 0.05, c.created - 0.04, 1.1, "run") for n, c in enumerate(children)]
    apart = tuple(replace(c, **fed(t)) for c, t in zip(children, tasks, strict=True))
    (found,) = [f for f in diagnose(around(tasks, children=apart)) if f.code == "children-in-turn"]
    assert "look for .result() in the loop that submits" in found.text and "gather" not in found.text
    retried = (*children, replace(children[0], id="other", name="other", tries=2, start=5.0, end=6.0))
    (found,) = diagnose(around([], children=retried))
    assert found.code == "children-in-turn" and found.tasks == ("table-0", "table-1", "table-2")


@pytest.mark.parametrize("ends", [None, 2.0])
def test_tasks_that_hold_the_slots_that_they_wait_for_are_a_deadlock(ends):
    reports = [query(n, 0.0, 0.01, ends, "report", tags=frozenset({"db"}), state="RUNNING") for n in range(2)]
    called = query(
        2, 0.1, ends and 2.1, ends and 0.2, "part", tags=frozenset({"db"}), state="PENDING", **fed(*reports[:1])
    )
    run = Timeline((*reports, called), until=4.0, around=Surroundings(state="RUNNING", limits={"db": 1}))
    both = replace(run, around=Surroundings(state="RUNNING", limits={"db": 2}))
    assert "deadlock" not in [f.code for f in diagnose(both)]  # the other report may end, and give its slot back
    (found,) = [f for f in diagnose(replace(run, spans=(reports[0], called))) if f.code == "deadlock"]
    assert found.text.startswith("part-2 waited for the only slot of the limit on 'db', but report-0 held it while")
    other = query(
        3, 0.1, ends and 2.1, ends and 0.2, "part", tags=frozenset({"db"}), state="PENDING", **fed(reports[1])
    )
    (found,) = [f for f in diagnose(replace(both, spans=(*reports, called, other))) if f.code == "deadlock"]
    assert (
        "part-2 and part-3 waited for one of the 2 slots" in found.text and "report-0 and report-1 held" in found.text
    )


def test_a_task_that_was_given_a_future_did_not_wait_for_a_slot_that_its_source_held():
    """Two stages under one limit. The second was created while the first held all slots, but no task called it."""
    first = [query(n, 0.0, 0.01, 0.5, "read", tags=frozenset({"db"})) for n in range(2)]
    second = [
        query(n + 2, 0.2, 0.6, 0.5, "write", tags=frozenset({"db"}), called_by=frozenset(), **fed(first[n]))
        for n in range(2)
    ]
    assert not diagnose(around([*first, *second], limits={"db": 2}))
    called = [replace(span, called_by=span.parents) for span in second]
    assert {"deadlock"} <= {found.code for found in diagnose(around([*first, *called], limits={"db": 2}))}


def test_what_failed_until_it_worked_was_not_gone_on_without():
    spans = [
        query(n, n * 0.5, n * 0.5 + 0.01, 0.2, "token", state="FAILED" if n < 2 else "COMPLETED") for n in range(3)
    ]
    assert not diagnose(around(spans))
    last = replace(spans[2], state="FAILED")
    assert "failed-unseen" in {found.code for found in diagnose(around([*spans[:2], last]))}


def test_a_caller_that_gave_up_failed_unseen_too():
    """It ended before the task that it had called began, so that task was not given its result."""
    outer = query(0, 0.0, 0.01, 0.5, "outer", state="FAILED")
    inner = query(1, 0.1, 0.7, 0.2, "inner", called_by=frozenset({outer.id}), **fed(outer))
    assert "failed-unseen" in {found.code for found in diagnose(around([outer, inner]))}


def test_called_flow_runs_in_turn_are_told_even_if_each_was_tried_twice():
    children = tuple(replace(child, tries=2) for child in flow_runs("table", IN_TURN, flow="root"))
    assert {"children-in-turn"} == {found.code for found in diagnose(around([], children=children))}


def test_tasks_without_a_limited_tag_may_have_kept_to_a_limit_in_their_code():
    spans = [query(n, 0.0, 0.01, 0.5, tags=frozenset({"etl"})) for n in range(4)]
    said = explain(around(spans), limit=2)
    assert "can't show" in said and "None of their tags has a limit" in said
