"""The four patterns: the same results, and each runs as many queries at once as it says."""

import itertools

import pytest
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from flows import patterns, warehouse
from workbook import observe
from workbook.prefect_server.limits import ensure_limit
from workbook.timelines.diagnosis import diagnose

pytestmark = [pytest.mark.second, pytest.mark.usefixtures("prefect_server", "three_at_a_time")]

SHUFFLED = [4, 0, 3, 1, 2, 6, 5]  # seven: the last batch of three is short


@pytest.fixture(scope="module")
def three_at_a_time(prefect_server):
    ensure_limit("database", 3)
    warehouse.prepare()
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):  # its thread delays the end of every flow
        yield


@pytest.mark.parametrize("pattern", patterns.PATTERNS.values(), ids=patterns.PATTERNS)
def test_all_give_the_same_results_in_the_order_asked_for(pattern):
    seen = observe(pattern, SHUFFLED, seconds=0.02)
    assert seen.state.is_completed() and len(seen.timeline) == len(SHUFFLED)
    assert seen.result == [warehouse.query(index, seconds=0) for index in SHUFFLED]
    assert {span.name for span in seen.timeline} == {f"query-{index}" for index in SHUFFLED}


@pytest.mark.parametrize("pattern", patterns.PATTERNS.values(), ids=patterns.PATTERNS)
def test_nothing_to_do(pattern):
    seen = observe(pattern, [])
    assert seen.result == [] and len(seen.timeline) == 0


def test_sequential_each_is_given_the_result_of_the_one_before():
    timeline = observe(patterns.sequential_flow, range(4), seconds=0.1).timeline
    spans = timeline.spans
    assert timeline.peak == 1 and [span.name for span in spans] == [f"query-{i}" for i in range(4)]
    assert all(early.id in late.parents for early, late in itertools.pairwise(spans))
    assert diagnose(timeline) == []


def test_parallel_runs_all_twenty_at_once(meet):
    meet(20)
    seen = observe(patterns.parallel_flow)
    assert seen.state.is_completed() and seen.timeline.peak == 20


def test_controlled_runs_three_at_once(meet):
    meet(3)
    timeline = observe(patterns.controlled_flow, seconds=0.05).timeline
    assert len(timeline.where(tag="database")) == 20 and timeline.peak == 3


def test_controlled_obeys_another_limit_without_a_change(meet):
    ensure_limit("database", 5)
    try:
        meet(5)
        assert observe(patterns.controlled_flow, range(10), seconds=0.05).timeline.peak == 5
    finally:
        ensure_limit("database", 3)


@pytest.mark.parametrize("size", [1, 3, 9])
def test_a_batch_begins_when_the_one_before_has_ended(meet, size):
    meet(min(size, 7))
    seen = observe(patterns.batched_flow, range(7), seconds=0.02, batch_size=size)
    assert seen.state.is_completed() and seen.timeline.peak == min(size, 7)
    batches = [
        [span for span in seen.timeline if int(span.name.removeprefix("query-")) // size == batch]
        for batch in range(-(-7 // size))
    ]
    assert all(seen.timeline.before(early, late) for early, late in itertools.pairwise(batches))


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_of_nothing_is_refused(size):
    seen = observe(patterns.batched_flow, [0], batch_size=size)
    assert seen.state.is_failed() and "batch_size" in str(seen.error) and len(seen.timeline) == 0


@pytest.mark.slow
def test_from_the_command_line(run_python):
    said = run_python("flows/patterns.py", "sequential", "batched")
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()[-2:]
    for line, name, at_once in zip(lines, ["sequential", "batched"], [1, 3], strict=True):
        assert line.startswith(name) and "20 task runs" in line and f"at most {at_once} at once; Completed" in line


def test_an_unknown_pattern_is_said():
    with pytest.raises(SystemExit, match="no pattern 'parallell': name any of sequential, parallel, controlled, batch"):
        patterns.main(["parallell"])


def test_a_database_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hunter2@127.0.0.1:1/none")
    with pytest.raises(SystemExit, match="Error: DATABASE_URL cannot be used") as said:
        patterns.main([])
    assert "hunter2" not in str(said.value)
