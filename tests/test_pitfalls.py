"""The traps: each wrong flow goes wrong in the way that it says, and the right one beside it does not."""

import threading
import time

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter
from prefect.client.schemas.objects import State
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from sqlalchemy.exc import TimeoutError as NoConnection

from flows import pitfalls, warehouse
from flows.pitfalls import PITFALLS
from workbook import observe
from workbook.diagnosis import CODES, diagnose

pytestmark = pytest.mark.usefixtures("prefect_server", "prepared")


@pytest.fixture(scope="module")
def prepared(prefect_server):
    """Without heartbeats: Prefect waits up to a second for their thread at the end of every flow run."""
    warehouse.prepare()
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def rows(count: int) -> list:
    return [warehouse.query(index, seconds=0) for index in range(count)]


def span(seen, name: str):
    (found,) = [span for span in seen.timeline if span.name == name or span.task == name]
    return found


def queries(seen) -> list:
    return list(seen.timeline.where(task="query"))


def codes(seen, limit: int | None = None) -> set[str]:
    return {finding.code for finding in diagnose(seen.timeline.where(task="query"), limit)}


def logged(seen, waited_for: str) -> str:
    """The run's logs on the server, as soon as what is waited for is among them: they are sent in the background."""
    wanted = LogFilter(flow_run_id={"any_": [seen.flow_run_id]})
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            text = "\n".join(log.message for log in client.read_logs(wanted, limit=200, offset=0))
            if waited_for in text:
                return text
            time.sleep(0.1)
    raise AssertionError(f"{waited_for!r} was never logged")


# ----------------------------------------
# The list


def test_every_pair_is_in_the_list_and_says_what_it_is_about():
    made = {name.rpartition("_")[0] for name in vars(pitfalls) if name.endswith(("_wrong", "_right"))}
    assert set(PITFALLS) == made
    for name, pitfall in PITFALLS.items():
        assert (pitfall.wrong.fn.__name__, pitfall.right.fn.__name__) == (f"{name}_wrong", f"{name}_right")
        assert pitfall.wrong.description and pitfall.right.description
        assert pitfall.finding is None or pitfall.finding in CODES


def test_without_a_name_they_are_listed(run_python):
    said = run_python("flows/pitfalls.py", PREFECT_API_URL="http://127.0.0.1:9/api")  # no server is needed
    assert said.returncode == 0 and said.stderr == ""
    assert [line.split()[0] for line in said.stdout.splitlines()] == list(PITFALLS)


def test_an_unknown_name_is_said():
    with pytest.raises(SystemExit, match="Error: there is no pitfall 'tag-typo': `python"):
        pitfalls.main(["result_in_loop", "tag-typo"])


@pytest.mark.slow
def test_one_from_the_command_line(run_python):
    said = run_python("flows/pitfalls.py", "result_in_loop")
    assert said.returncode == 0, said.stderr
    wrong, right = said.stdout.split("result_in_loop_right: ")
    assert "ran one at a time" in wrong and "Nothing to remark" in right


# ----------------------------------------
# Futures


def test_forgotten_result():
    seen = observe(pitfalls.forgotten_result_wrong)
    assert seen.state.is_completed() and seen.result == "all done"
    assert "query-99" not in {span.name for span in seen.timeline.where(state="COMPLETED")}
    assert codes(seen) >= {PITFALLS["forgotten_result"].finding}
    seen = observe(pitfalls.forgotten_result_right, 0.1)
    assert seen.state.is_failed() and isinstance(seen.error, IndexError)
    assert "outlived-collection" not in codes(seen)


@pytest.mark.slow
def test_dropped_work():
    seen = observe(pitfalls.dropped_work_wrong)
    assert seen.state.is_completed() and seen.missing == 0
    assert len(seen.timeline) < 20  # the others never were
    assert codes(seen) >= {PITFALLS["dropped_work"].finding}
    seen = observe(pitfalls.dropped_work_right, 6, 0.1)
    assert [span.state for span in seen.timeline] == ["COMPLETED"] * 6 and seen.timeline.peak <= 2
    assert "outlived-collection" not in codes(seen)


def test_result_in_loop(meet):
    seen = observe(pitfalls.result_in_loop_wrong, seconds=0.1)
    assert seen.result == rows(4) and seen.timeline.peak == 1
    assert codes(seen) == {PITFALLS["result_in_loop"].finding}
    meet(4)
    seen = observe(pitfalls.result_in_loop_right, seconds=0.1)
    assert seen.timeline.peak == 4 and codes(seen) == set()


@pytest.mark.slow
def test_lost_order(monkeypatch):
    real, expected = warehouse.query, rows(3)

    def last_first(index: int, **arguments):
        if index < 2:
            ended[index + 1].wait(60)
        result = real(index, seconds=0.2)
        ended[index].set()
        return result

    monkeypatch.setattr(warehouse, "query", last_first)
    ended = [threading.Event() for _ in range(3)]
    assert observe(pitfalls.lost_order_wrong).result == expected[::-1]
    ended = [threading.Event() for _ in range(3)]
    assert observe(pitfalls.lost_order_right).result == expected


@pytest.mark.slow
def test_returned_futures():
    seen = observe(pitfalls.returned_futures_wrong, seconds=0.1)
    assert len(seen.result) == 3 and all(isinstance(state, State) for state in seen.result)
    assert observe(pitfalls.returned_futures_right, seconds=0.1).result == rows(3)


@pytest.mark.slow
def test_returned_futures_of_which_one_failed(monkeypatch):
    monkeypatch.setattr(warehouse, "QUERIES", warehouse.QUERIES[:2])
    seen = observe(pitfalls.returned_futures_wrong, seconds=0.1)
    assert seen.state.is_failed() and seen.state.message == "1/3 states failed."
    assert isinstance(observe(pitfalls.returned_futures_right, seconds=0.1).error, IndexError)


@pytest.mark.slow
def test_errors_as_results():
    seen = observe(pitfalls.errors_as_results_wrong, 0.1)
    assert seen.state.is_completed() and seen.result == 3 and span(seen, "query-99").state == "FAILED"
    seen = observe(pitfalls.errors_as_results_right, 0.1)
    assert seen.state.is_failed() and str(seen.error).startswith("1 of 3 queries failed: ")
    assert [span.state for span in seen.timeline].count("COMPLETED") == 2


# ----------------------------------------
# Tags and limits


@pytest.mark.parametrize("name", ["tag_typo", "limit_too_late"])
def test_no_limit_in_force(name, meet):
    meet(6)
    seen = observe(PITFALLS[name].wrong, seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.peak == 6
    assert codes(seen, limit=2) >= {PITFALLS[name].finding}
    meet(2)
    seen = observe(PITFALLS[name].right, count=4, seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.peak == 2
    assert "limit-exceeded" not in codes(seen, limit=2)


@pytest.mark.slow
def test_limit_zero():
    seen = observe(pitfalls.limit_zero_wrong, seconds=0.1)
    assert seen.state.is_failed() and isinstance(seen.error, ConcurrencySlotAcquisitionError)
    assert all(span.start is None and span.state == "PENDING" for span in seen.timeline)
    seen = observe(pitfalls.limit_zero_right, seconds=0.1)
    assert seen.result == rows(2) and seen.timeline.peak == 1


@pytest.mark.slow
def test_nested_tag():
    seen = observe(pitfalls.nested_tag_wrong, seconds=0.1, patience=0.5)
    assert isinstance(seen.error, TimeoutError) and seen.state.is_failed()
    assert seen.timeline.before([span(seen, "report")], queries(seen))
    assert pitfalls.slots_taken("pitfall-nested") == 0
    seen = observe(pitfalls.nested_tag_right, seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.overlaps(span(seen, "report"), span(seen, "query-0"))


@pytest.mark.slow
def test_retry_keeps_slot():
    seen = observe(pitfalls.retry_keeps_slot_wrong, seconds=0.1, delay=0.5)
    assert seen.result == rows(2) and seen.timeline.before([span(seen, "flaky")], [span(seen, "query-1")])
    seen = observe(pitfalls.retry_keeps_slot_right, seconds=0.1, delay=2)
    assert seen.result == rows(2) and seen.timeline.overlaps(span(seen, "flaky"), span(seen, "query-1"))
    assert seen.timeline.where(tag="pitfall-retry").peak == 1


@pytest.mark.slow
def test_killed_process():
    assert observe(pitfalls.killed_process_wrong).result == 1
    assert observe(pitfalls.killed_process_right).result == 0


@pytest.mark.slow
@pytest.mark.production
@pytest.mark.timeout(600)
def test_restarted_server():
    assert observe(pitfalls.restarted_server_wrong).result == 1
    assert observe(pitfalls.restarted_server_right).result == 0


# ----------------------------------------
# Pools and batches


@pytest.mark.slow
def test_nested_pool():
    seen = observe(pitfalls.nested_pool_wrong, seconds=0.1, patience=0.5)
    assert isinstance(seen.error, TimeoutError) and seen.state.is_failed()
    assert seen.timeline.before([span(seen, "report")], queries(seen))
    seen = observe(pitfalls.nested_pool_right, seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.overlaps(span(seen, "report_that_calls"), span(seen, "query-0"))


@pytest.mark.slow
def test_waiters_fill_pool(meet):
    seen = observe(pitfalls.waiters_fill_pool_wrong, seconds=0.1)
    assert seen.timeline.before(list(seen.timeline)[:1], [span(seen, "query-3")])
    meet(2)  # one of them has the only slot, so the other is the one that needs none
    seen = observe(pitfalls.waiters_fill_pool_right, seconds=0.1)
    assert seen.state.is_completed() and len(seen.timeline.overlapping(span(seen, "query-3"))) > 0


@pytest.mark.slow
def test_exhausted_connections(meet):
    meet(6)
    seen = observe(pitfalls.exhausted_connections_wrong, seconds=4)  # the connections stay taken long past the wait
    assert isinstance(seen.error, NoConnection) and "QueuePool limit of size 3" in str(seen.error)
    assert [span.state for span in seen.timeline].count("FAILED") == 3
    meet(3)
    seen = observe(pitfalls.exhausted_connections_right, seconds=0.3)
    assert seen.result == rows(6) and seen.timeline.peak == 3


@pytest.mark.slow
def test_pool_per_flow(meet):
    meet(6)
    seen = observe(pitfalls.pool_per_flow_wrong, 0.1)
    assert seen.timeline.where(task="query").peak == 6 and codes(seen, 3) >= {PITFALLS["pool_per_flow"].finding}
    meet(3)
    seen = observe(pitfalls.pool_per_flow_right, 0.1)
    assert seen.result == [rows(3), rows(3)] and seen.timeline.where(task="query").peak == 3
    assert "limit-exceeded" not in codes(seen, 3)


@pytest.mark.slow
def test_limit_as_pool(meet):
    """Under a limit all are created and then ask for slots; in a pool one is created when a worker is free."""
    meet(3)
    timeline = observe(pitfalls.limit_as_pool_wrong, 6, 1).timeline
    assert timeline.peak == 3
    assert max(span.created for span in timeline) < min(span.end for span in timeline)
    meet(3)
    timeline = observe(pitfalls.limit_as_pool_right, 6, 0.1).timeline
    assert timeline.peak == 3
    assert all(span.created >= min(other.end for other in timeline) for span in list(timeline)[3:])


@pytest.mark.slow
def test_idle_batches(monkeypatch):
    """In the wrong flow the first of a batch takes its time when the two others have ended, in the right one query 0
    when query 3 has begun: so a busy machine cannot make them end together."""
    expected, real, ended, begun = rows(9), warehouse.query, [threading.Event() for _ in range(9)], threading.Event()

    def last_of_its_batch(index: int, **_: float) -> list:
        assert index % 3 or all(ended[other].wait(60) for other in (index + 1, index + 2))
        answer = real(index, seconds=0.3)
        ended[index].set()
        return answer

    def with_the_next(index: int, **arguments: float) -> list:
        if index == 3:
            begun.set()
        assert index or begun.wait(60)
        return real(index, **arguments)

    monkeypatch.setattr(warehouse, "query", last_of_its_batch)
    seen = observe(pitfalls.idle_batches_wrong, 0.3)
    spans = {index: span(seen, f"query-{index}") for index in range(9)}
    assert seen.result == expected and codes(seen) == {PITFALLS["idle_batches"].finding}
    assert seen.timeline.before([spans[0]], [spans[3], spans[4], spans[5]])
    monkeypatch.setattr(warehouse, "query", with_the_next)
    seen = observe(pitfalls.idle_batches_right, 0.1)
    assert seen.result == expected and "batch-barriers" not in codes(seen)
    assert seen.timeline.overlaps(span(seen, "query-0"), span(seen, "query-3"))


# ----------------------------------------
# What the server knows


@pytest.mark.slow
def test_late_records():
    """One early look may be lucky; five are not."""
    assert any(observe(pitfalls.late_records_wrong, seconds=0.1).result < 20 for _ in range(5))
    assert observe(pitfalls.late_records_right, seconds=0.1).result == 20


# ----------------------------------------
# Credentials


@pytest.mark.slow
def test_hardcoded_credential(monkeypatch):
    seen = observe(pitfalls.hardcoded_credential_wrong)
    assert "not-a-real-password" in stored_parameters(seen)
    assert "not-a-real-password" in logged(seen, "Connecting to")
    monkeypatch.setenv("DATABASE_URL", "postgresql://learner:hunter2@127.0.0.1:1/none")
    seen = observe(pitfalls.hardcoded_credential_right)
    assert seen.result == "postgresql" and stored_parameters(seen) == "{}"
    assert "hunter2" not in logged(seen, "DATABASE_URL is set")


def stored_parameters(seen) -> str:
    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(seen.flow_run_id).parameters)


@pytest.mark.slow
def test_printed_key(monkeypatch):
    seen = observe(pitfalls.printed_key_wrong)
    assert pitfalls.FAKE_KEY[:8] in logged(seen, "Using API key")
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_0123456789")
    seen = observe(pitfalls.printed_key_right)
    assert "pnu_" not in logged(seen, "API key: set")
