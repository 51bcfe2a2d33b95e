"""The pitfalls: each wrong flow goes wrong as it says, the right one doesn't, and the lessons show just these."""

import ast
import contextlib
import threading
import time
from uuid import uuid4

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName, LogFilter
from prefect.client.schemas.objects import State
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from sqlalchemy.exc import TimeoutError as NoConnection

from conftest import CHECKOUT
from flows import pitfalls, warehouse
from flows.pitfalls import PITFALLS
from workbook import observe
from workbook.grading.exercises import endings
from workbook.lessons import notebooks
from workbook.timelines.diagnosis import CODES, diagnose

pytestmark = [pytest.mark.second, pytest.mark.usefixtures("prefect_server", "prepared")]


@pytest.fixture(scope="module")
def prepared(prefect_server):
    """Without heartbeats: Prefect waits up to a second for their thread at the end of every flow run."""
    warehouse.prepare()
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def wrong(name: str, *args, **kwargs):
    """Run a wrong flow, under the limits of its pitfall."""
    PITFALLS[name].prepare()
    return observe(PITFALLS[name].wrong, *args, **kwargs)


def right(name: str, *args, **kwargs):
    """Run the right flow of a pair, likewise."""
    PITFALLS[name].prepare()
    return observe(PITFALLS[name].right, *args, **kwargs)


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


@pytest.mark.slow
def test_without_a_name_they_are_listed(run_python):
    said = run_python("flows/pitfalls.py", PREFECT_API_URL="http://127.0.0.1:9/api")  # no server is needed
    assert said.returncode == 0 and said.stderr == ""
    assert [line.split()[0] for line in said.stdout.splitlines()] == list(PITFALLS)


def test_an_unknown_name_is_said():
    with pytest.raises(SystemExit, match=r"Error: there is no pitfall 'tag-typo'\. `python"):
        pitfalls.main(["result_in_loop", "tag-typo"])


@pytest.mark.slow
def test_one_from_the_command_line(run_python):
    said = run_python("flows/pitfalls.py", "result_in_loop")
    assert said.returncode == 0, said.stderr
    first, second = said.stdout.split("result_in_loop_right: ")
    assert "ran one at a time" in first and "at most 4 at once" in second


# ----------------------------------------
# Futures


def test_forgotten_result():
    seen = wrong("forgotten_result")
    assert seen.state.is_completed() and seen.result == "all done"
    assert "query-99" not in {span.name for span in seen.timeline.where(state="COMPLETED")}
    assert codes(seen) >= {PITFALLS["forgotten_result"].finding}
    seen = right("forgotten_result", 0.1)
    assert seen.state.is_failed() and isinstance(seen.error, IndexError)
    assert "outlived-collection" not in codes(seen)


@pytest.mark.slow
def test_dropped_work():
    seen = wrong("dropped_work")
    assert seen.state.is_completed() and seen.missing == 0
    assert len(seen.timeline) < 20  # the others never were
    assert codes(seen) >= {PITFALLS["dropped_work"].finding}
    seen = right("dropped_work", 6, 0.1)
    assert [span.state for span in seen.timeline] == ["COMPLETED"] * 6 and seen.timeline.peak <= 2
    assert "outlived-collection" not in codes(seen)


def test_result_in_loop(meet):
    seen = wrong("result_in_loop", seconds=0.1)
    assert seen.result == rows(4) and seen.timeline.peak == 1
    assert codes(seen) == {PITFALLS["result_in_loop"].finding}
    meet(4)
    seen = right("result_in_loop", seconds=0.1)
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
    assert wrong("lost_order").result == expected[::-1]
    ended = [threading.Event() for _ in range(3)]
    assert right("lost_order").result == expected


@pytest.mark.slow
def test_returned_futures():
    seen = wrong("returned_futures", seconds=0.1)
    assert len(seen.result) == 3 and all(isinstance(state, State) for state in seen.result)
    assert right("returned_futures", seconds=0.1).result == rows(3)


@pytest.mark.slow
def test_returned_futures_of_which_one_failed(monkeypatch):
    monkeypatch.setattr(warehouse, "QUERIES", warehouse.QUERIES[:2])
    seen = wrong("returned_futures", seconds=0.1)
    assert seen.state.is_failed() and seen.state.message == "1/3 states failed."
    assert isinstance(right("returned_futures", seconds=0.1).error, IndexError)


@pytest.mark.slow
def test_errors_as_results():
    seen = wrong("errors_as_results", 0.1)
    assert seen.state.is_completed() and seen.result == 3 and span(seen, "query-99").state == "FAILED"
    seen = right("errors_as_results", 0.1)
    assert seen.state.is_failed() and str(seen.error) == "1 of 3 queries failed"
    assert [span.state for span in seen.timeline].count("COMPLETED") == 2


# ----------------------------------------
# Tags and limits


@pytest.mark.parametrize("name", ["tag_typo", "limit_too_late"])
def test_no_limit_in_force(name, meet):
    meet(6)
    seen = wrong(name, seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.peak == 6
    assert codes(seen, limit=2) >= {PITFALLS[name].finding}
    meet(2)
    seen = right(name, count=4, seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.peak == 2
    assert "limit-exceeded" not in codes(seen, limit=2)


@pytest.mark.slow
def test_limit_zero():
    seen = wrong("limit_zero", seconds=0.1)
    assert seen.state.is_failed() and isinstance(seen.error, ConcurrencySlotAcquisitionError)
    assert all(span.start is None and span.state == "PENDING" for span in seen.timeline)
    seen = right("limit_zero", seconds=0.1)
    assert seen.result == rows(2) and seen.timeline.peak == 1


@pytest.mark.slow
def test_nested_tag():
    seen = wrong("nested_tag", seconds=0.1, timeout=0.5)
    assert isinstance(seen.error, TimeoutError) and seen.state.is_failed()
    assert seen.timeline.before([span(seen, "report_with_slot")], queries(seen))
    assert pitfalls.slots_taken("pitfall-nested") == 0
    seen = right("nested_tag", seconds=0.1)
    assert seen.state.is_completed()
    assert seen.timeline.overlaps(span(seen, "report_without_slot"), span(seen, "query-0"))


@pytest.mark.slow
def test_retry_keeps_slot():
    seen = wrong("retry_keeps_slot", seconds=0.1)
    assert seen.result == rows(2) and seen.timeline.before([span(seen, "flaky_with_slot")], [span(seen, "query-1")])
    seen = right("retry_keeps_slot", seconds=0.1)
    assert seen.result == rows(2)
    assert seen.timeline.overlaps(span(seen, "flaky_without_slot"), span(seen, "query-1"))
    assert seen.timeline.where(tag="pitfall-retry").peak == 1


@pytest.mark.slow
def test_killed_process():
    assert wrong("killed_process").result == 1
    assert right("killed_process").result == 0


@pytest.mark.slow
@pytest.mark.production
def test_restarted_server():
    assert wrong("restarted_server").result == 1
    assert right("restarted_server").result == 0


# ----------------------------------------
# Pools and batches


@pytest.mark.slow
def test_nested_pool():
    seen = wrong("nested_pool", seconds=0.1, timeout=0.5)
    assert isinstance(seen.error, TimeoutError) and seen.state.is_failed()
    assert seen.timeline.before([span(seen, "report_that_submits")], queries(seen))
    seen = right("nested_pool", seconds=0.1)
    assert seen.state.is_completed() and seen.timeline.overlaps(span(seen, "report_that_calls"), span(seen, "query-0"))


@pytest.mark.slow
def test_waiters_fill_pool(meet):
    seen = wrong("waiters_fill_pool", seconds=0.1)
    assert seen.timeline.before(list(seen.timeline)[:1], [span(seen, "query-3")])
    meet(2)  # one of them has the only slot, so the other is the one that needs none
    seen = right("waiters_fill_pool", seconds=0.1)
    free = span(seen, "query-3")
    assert seen.state.is_completed()
    assert any(seen.timeline.overlaps(free, other) for other in seen.timeline if other != free)


@pytest.mark.slow
def test_exhausted_connections(meet):
    meet(6)
    seen = wrong("exhausted_connections", seconds=4)  # the connections stay taken long past the wait
    assert isinstance(seen.error, NoConnection) and "QueuePool limit of size 3" in str(seen.error)
    assert [span.state for span in seen.timeline].count("FAILED") == 3
    meet(3)
    seen = right("exhausted_connections", seconds=0.3)
    assert seen.result == rows(6) and seen.timeline.peak == 3


@pytest.mark.slow
def test_pool_per_flow(meet):
    meet(6)
    seen = wrong("pool_per_flow", 0.1)
    assert seen.timeline.where(task="query").peak == 6 and codes(seen, 3) >= {PITFALLS["pool_per_flow"].finding}
    meet(3)
    seen = right("pool_per_flow", 0.1)
    assert seen.result == [rows(3), rows(3)] and seen.timeline.where(task="query").peak == 3
    assert "limit-exceeded" not in codes(seen, 3)


@pytest.mark.slow
def test_limit_as_pool(meet):
    """Under a limit all are created and then ask for slots; in a pool one is created when a worker is free."""
    meet(3)
    timeline = wrong("limit_as_pool", 6, 1).timeline
    assert timeline.peak == 3
    assert max(span.created for span in timeline) < min(span.end for span in timeline)
    meet(3)
    timeline = right("limit_as_pool", 6, 0.1).timeline
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
    seen = wrong("idle_batches", 0.3)
    spans = {index: span(seen, f"query-{index}") for index in range(9)}
    assert seen.result == expected and codes(seen) == {PITFALLS["idle_batches"].finding}
    assert seen.timeline.before([spans[0]], [spans[3], spans[4], spans[5]])
    monkeypatch.setattr(warehouse, "query", with_the_next)
    seen = right("idle_batches", 0.1)
    assert seen.result == expected and "batch-barriers" not in codes(seen)
    assert seen.timeline.overlaps(span(seen, "query-0"), span(seen, "query-3"))


# ----------------------------------------
# What the server knows


@pytest.mark.slow
def test_late_records():
    """One early look may be lucky; five are not."""
    assert any(wrong("late_records", seconds=0.1).result < 20 for _ in range(5))
    assert right("late_records", seconds=0.1).result == 20


# ----------------------------------------
# Credentials


@pytest.mark.slow
def test_hardcoded_credential(monkeypatch):
    seen = wrong("hardcoded_credential")
    assert "not-a-real-password" in stored_parameters(seen)
    assert "not-a-real-password" in logged(seen, "Connecting to")
    monkeypatch.setenv("DATABASE_URL", "postgresql://learner:hunter2@127.0.0.1:1/none")
    seen = right("hardcoded_credential")
    assert seen.state.is_completed() and stored_parameters(seen) == "{}"
    assert "hunter2" not in logged(seen, "DATABASE_URL is set")


def stored_parameters(seen) -> str:
    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(seen.flow_run_id).parameters)


@pytest.mark.slow
def test_printed_key(monkeypatch):
    seen = wrong("printed_key")
    assert pitfalls.FAKE_KEY[:8] in logged(seen, "Using API key")
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_0123456789")
    seen = right("printed_key")
    assert "pnu_" not in logged(seen, "API key: set")


# ----------------------------------------
# What the lessons show


LESSONS = sorted((CHECKOUT / "solutions").glob("[0-9][0-9]_*.py"))
OWN = ("05", "06")  # the lessons about pitfalls: what they show is the same in their helpers and decorators too


def defined(file) -> dict[str, ast.FunctionDef]:
    """The functions that a module defines at its top level, or a lesson in its cells."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def body(function: ast.FunctionDef) -> str:
    """What a function does, without its docstring."""
    lines = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return "\n".join(ast.unparse(line) for line in lines)


def signature(function: ast.FunctionDef) -> tuple:
    """The names of its parameters and its decorators, without annotations and defaults."""
    return [arg.arg for arg in function.args.args], [ast.unparse(one) for one in function.decorator_list]


def is_prefects(function: ast.FunctionDef) -> bool:
    return any(ast.unparse(one).partition("(")[0] in ("flow", "task") for one in function.decorator_list)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_shows_the_pitfalls_as_they_are(lesson):
    """A flow or task of a lesson that has the name of one in `flows/pitfalls.py` is that one.

    Only the task `query` may be another one elsewhere: every lesson has its own.
    """
    ours, own = defined(CHECKOUT / "flows" / "pitfalls.py"), lesson.stem.startswith(OWN)
    for name, function in defined(lesson).items():
        if name in ours and (own or (is_prefects(function) and name != "query")):
            assert body(function) == body(ours[name]), name
            assert not own or signature(function) == signature(ours[name]), name


def test_lessons_5_and_6_show_flows_of_this_module():
    shown = {name for lesson in LESSONS if lesson.stem.startswith(OWN) for name in defined(lesson)}
    ours = defined(CHECKOUT / "flows" / "pitfalls.py")
    assert len([name for name in shown & set(ours) if name.endswith("_wrong")]) >= 9
    assert not [name for name in shown if name.endswith(("_wrong", "_right")) and name not in ours]


def test_the_program_that_holds_a_slot_is_the_lessons():
    (lesson,) = (lesson for lesson in LESSONS if lesson.stem.startswith("06"))
    assert f'HOLD_A_SLOT = """{pitfalls.HOLD_A_SLOT}"""' in lesson.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", endings.RIGHT)
def test_the_seven_flows_of_exercise_5_4_end_as_its_grader_says(name):
    """They are run as lesson 05 shows them."""
    (lesson,) = (lesson for lesson in LESSONS if lesson.stem.startswith("05"))
    cells = [cell for cell in notebooks.build(lesson, solved=True).cells if cell.cell_type == "code"]
    shown: dict = {}
    for cell in cells:
        if (
            "setup" in cell.metadata.get("tags", [])
            or "def interrupted" in cell.source
            or "def waited_for" in cell.source
        ):
            exec(cell.source, shown)
    run = shown[name].with_options(flow_run_name=f"{name}-{uuid4()}")
    with contextlib.suppress(KeyboardInterrupt):
        run(return_state=True)
    with get_client(sync_client=True) as client:
        wanted = FlowRunFilter(name=FlowRunFilterName(any_=[run.flow_run_name]))
        (found,) = client.read_flow_runs(flow_run_filter=wanted)
    assert found.state.name == endings.RIGHT[name][0]
