"""Looking at real runs: what comes back, from where, and what is said when records are missing."""

import asyncio
import contextlib
import logging
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import nbformat
import pytest
from nbclient import NotebookClient
from prefect import flow, flow_engine, task
from prefect.client.orchestration import SyncPrefectClient
from prefect.runtime import flow_run

from workbook import observe, observe_run
from workbook.prefect_server.local import ServerError
from workbook.runs import private
from workbook.runs.observation import run
from workbook.runs.records import SETTLE
from workbook.timelines.timeline import Timeline

pytestmark = [pytest.mark.second, pytest.mark.usefixtures("prefect_server")]


@task
def number(i: int) -> int:
    return i


@task
def add(a: int, b: int) -> int:
    return a + b


@task
def fail() -> None:
    raise ValueError("no such table")


def test_result_state_and_timeline_of_a_flow():
    @flow
    def diamond() -> int:
        top = number.submit(1)
        left, right = add.submit(top, 1), add.submit(top, 2)
        return add.submit(left, right).result()

    seen = observe(diamond)
    assert seen.result == 5 and seen.error is None and seen.state.is_completed() and seen.missing == 0
    (top,) = seen.timeline.where(task="number").spans
    left, right, bottom = seen.timeline.where(task="add").spans  # in the order of their starts
    assert left.parents == right.parents == {top.id} and bottom.parents == {left.id, right.id}
    assert all(span.created <= span.start <= span.end and span.state == "COMPLETED" for span in seen.timeline.spans)
    assert seen.timeline.before([top], [left, right]) and seen.timeline.before([left, right], [bottom])


def test_tasks_that_met_inside_overlap_in_the_records():
    together = threading.Barrier(5)

    @task(tags=["meeting"])
    def meet() -> None:
        together.wait(timeout=60)

    @flow
    def meeting() -> None:
        [future.result() for future in [meet.submit() for _ in range(5)]]

    timeline = observe(meeting).timeline
    assert timeline.peak == 5
    assert timeline.where(tag="meeting").peak == 5 and len(timeline.where(tag="other")) == 0


def test_an_async_flow():
    @task
    async def anumber(i: int) -> int:
        await asyncio.sleep(0)
        return i

    @flow
    async def numbers() -> list[int]:
        return list(await asyncio.gather(*(anumber(i) for i in range(3))))

    seen = observe(numbers)
    assert seen.result == [0, 1, 2] and len(seen.timeline) == 3


def test_a_flow_that_raises_is_an_observation_too():
    @flow
    def broken() -> None:
        number.submit(1).result()
        fail.submit().result()

    seen = observe(broken)
    assert isinstance(seen.error, ValueError) and str(seen.error) == "no such table" and seen.result is None
    assert seen.state.is_failed()
    assert sorted(span.state for span in seen.timeline.spans) == ["COMPLETED", "FAILED"]


class Broken(Exception):
    """An error that notes when it was raised."""

    def __init__(self):
        super().__init__("no such table")
        RAISED.append(time.time())


RAISED = []


@flow
def raising():
    raise Broken


@flow
async def raising_async():
    raise Broken


@flow
def raising_generator():
    yield 1
    raise Broken


@flow
async def raising_async_generator():
    yield 1
    raise Broken


@flow(retries=1)
def raising_twice():
    raise Broken


@pytest.mark.parametrize(
    "broken", [raising, raising_async, raising_generator, raising_async_generator, raising_twice], ids=lambda f: f.name
)
def test_a_flow_that_raises_has_returned_before_prefect_stops_its_heartbeat(broken, monkeypatch):
    """The heartbeat ends up to two seconds later, and only then does Prefect record the end."""
    stopped, original = [], flow_engine._send_heartbeats

    @contextlib.contextmanager
    def noted(*args, **kwargs):
        with original(*args, **kwargs):
            try:
                yield
            finally:
                stopped.append(time.time())

    monkeypatch.setattr(flow_engine, "_send_heartbeats", noted)
    seen = observe(broken)
    assert isinstance(seen.error, Broken) and seen.state.is_failed()
    assert RAISED[-1] <= seen.timeline.returned <= stopped[-1] <= seen.timeline.end


def test_a_failure_that_nobody_collected_is_in_the_timeline():
    gate = threading.Event()

    @task
    def late() -> None:
        gate.wait(60)
        raise ValueError("unseen")

    @flow
    def forgetful() -> str:
        late.submit()
        threading.Timer(0.2, gate.set).start()
        return "done"

    seen = observe(forgetful)
    (span,) = seen.timeline.spans
    assert seen.state.is_completed() and seen.result == "done" and span.state == "FAILED"
    assert span.end > seen.timeline.returned


@pytest.mark.slow
def test_subflows_are_included_however_deep():
    @flow
    def leaf(i: int) -> int:
        return number(i)

    @flow
    def branch() -> int:
        return leaf(1) + leaf(2) + number(3)

    @flow
    def tree() -> int:
        return branch() + number(4)

    seen = observe(tree)
    assert seen.result == 10
    assert [span.task for span in seen.timeline.spans] == ["number"] * 4


@pytest.mark.slow
def test_more_task_runs_than_a_page_holds():
    @flow
    def many(count: int) -> int:
        return sum(number.map(range(count)).result())

    seen = observe(many, 250)
    assert seen.result == sum(range(250)) and seen.missing == 0
    assert len({span.id for span in seen.timeline.spans}) == 250


@pytest.mark.slow
def test_records_that_never_come_are_counted_and_not_invented(monkeypatch):
    @flow
    def three() -> None:
        [future.result() for future in [number.submit(i) for i in range(3)]]

    real = SyncPrefectClient.read_task_runs
    monkeypatch.setattr(SyncPrefectClient, "read_task_runs", lambda *a, **k: real(*a, **k)[1:])
    seen = observe(three, timeout=1)
    assert seen.missing == 1 and len(seen.timeline) == 2
    assert "the records of 1 more never came" in seen.summary()


def test_a_run_that_happened_elsewhere():
    @flow
    def elsewhere() -> int:
        return add.submit(number.submit(1), 1).result()

    state, said = elsewhere(return_state=True), []
    seen = observe_run(state.state_details.flow_run_id, say=said.append)
    assert said[-1] == "Reading the records: 2 of 2 task runs are complete …"
    assert len(seen.timeline) == 2 and seen.state.is_completed() and seen.result is None


def test_a_run_that_is_still_going_is_given_as_it_stands():
    running, gate = queue.Queue(), threading.Event()

    @task
    def held() -> None:
        running.put(flow_run.id)
        gate.wait(60)

    @flow
    def going() -> None:
        number.submit(1).result()
        held.submit().result()

    runner = threading.Thread(target=going)
    runner.start()
    try:
        seen = observe_run(running.get(timeout=60))
    finally:
        gate.set()
        runner.join()
    assert seen.state.is_running() and seen.timeline.end is None


@pytest.mark.parametrize("wrong", ["nonsense", "1234"])
def test_an_id_that_is_none_is_said(wrong):
    with pytest.raises(ServerError, match="is not a flow run id"):
        observe_run(wrong)


def test_an_unknown_run_is_said():
    with pytest.raises(ServerError, match="holds no flow run"):
        observe_run(uuid4())


def test_what_is_no_flow_is_said():
    with pytest.raises(TypeError, match="put @flow above the function"):
        observe(lambda: None)


@pytest.mark.slow
def test_in_a_notebook_where_an_event_loop_runs():
    cells = [
        "from workbook import observe, server\nserver.ensure()",
        "from prefect import flow, task\n"
        "@task\ndef one(): return 1\n"
        "@flow\ndef plain(): return one.submit().result()\n"
        "@flow\nasync def waiting(): return one.submit().result()",
        "import asyncio; assert asyncio.get_running_loop()",
        "print([(seen.result, len(seen.timeline)) for seen in (observe(plain), observe(waiting))])",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    printed = "".join(output.get("text", "") for output in notebook.cells[-1].outputs if output.get("name") == "stdout")
    assert "[(1, 1), (1, 1)]" in printed


# ----------------------------------------
# At any level of logging


@flow
def three_numbers() -> int:
    return sum(future.result() for future in [number.submit(i) for i in range(3)])


@flow
def yields_a_number():
    yield number(1)


@pytest.fixture
def silent():
    """Prefect's loggers at CRITICAL, as PREFECT_LOGGING_LEVEL sets them; the records that got through all the same."""
    logger, records = logging.getLogger("prefect"), []
    handler, level = logging.Handler(), logger.level
    handler.emit = records.append
    logger.addHandler(handler)
    logger.setLevel(logging.CRITICAL)
    yield records
    logger.setLevel(level)
    logger.removeHandler(handler)


def test_finished_task_runs_are_heard_where_logging_is_at_critical(silent):
    ran = run(three_numbers)
    assert len(ran.finished) == 3 and ran.settle == 0
    seen = observe(yields_a_number)
    assert seen.result == [1] and len(seen.timeline) == 1
    assert silent == [] and logging.getLogger("prefect.task_runs").level == logging.NOTSET


def test_two_that_listen_at_the_same_time_both_hear(silent):
    with private.finished_task_runs() as outer:
        inner = run(three_numbers).finished
        three_numbers()
    assert len(inner) == 3 and len(outer) == 6 and silent == []


def test_where_log_records_are_off_the_records_are_waited_for():
    logging.disable(logging.CRITICAL)
    try:
        ran = run(three_numbers)
        with pytest.raises(ServerError, match=r"logging.disable\(0\)"):
            observe(yields_a_number)
    finally:
        logging.disable(logging.NOTSET)
    assert ran.finished == {} and ran.settle == SETTLE


# ----------------------------------------
# Following a run that goes on, and drawing it


def test_a_run_is_followed_live_from_its_records_and_finished_with_all_of_it():
    looked, stages = threading.Event(), []

    @task
    def until_looked_at() -> None:
        assert looked.wait(60)

    @flow
    def inner() -> None:
        until_looked_at.submit().result()

    @flow
    def outer() -> None:
        number.submit(1).result()
        inner()

    def live(timeline: Timeline) -> None:
        stages.append(timeline)
        if timeline.where(task="until_looked_at").peak:
            looked.set()

    seen = observe(outer, live=live)
    assert seen.state.is_completed() and stages[-1] is seen.timeline
    going = next(stage for stage in stages if stage.where(task="until_looked_at").peak)
    assert going.end is None and len(going) == len(seen.timeline) == 2
    assert [span.end for span in going.where(task="until_looked_at")] == [None]


@pytest.mark.slow
def test_a_run_is_followed_also_beside_others_and_when_it_is_async():
    met = threading.Barrier(2)

    @flow
    def beside(tag: int) -> int:
        met.wait(60)
        return number(tag)

    @flow
    async def waiting() -> int:
        return number.submit(1).result()

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda i: (finals := [], observe(beside, i, live=finals.append)), range(2)))
    assert [finals[-1] is seen.timeline for finals, seen in ended] == [True, True]
    assert sorted(seen.result for _, seen in ended) == [0, 1]
    finals = []
    assert observe(waiting, live=finals.append).timeline is finals[-1]


def test_a_live_picture_that_fails_is_a_warning_and_the_run_goes_on():
    tried = threading.Event()

    class Broken:
        def __call__(self, timeline: Timeline) -> None:
            tried.set()
            raise OSError("the screen is gone")

        def finish(self, timeline: Timeline) -> None:
            pass

    @flow
    def patient() -> int:
        assert tried.wait(60)
        return number(7)

    with pytest.warns(UserWarning, match="live picture stopped early .OSError: the screen is gone"):
        seen = observe(patient, live=Broken())
    assert seen.result == 7 and len(seen.timeline) == 1


def test_a_flow_that_never_begins_is_not_waited_for():
    with pytest.raises(TypeError):
        observe(number_flow, 1, 2, 3, live=lambda timeline: None)


@flow
def number_flow(i: int) -> int:
    return number(i)


@pytest.mark.slow
def test_following_does_not_change_how_many_run_at_once():
    together = threading.Barrier(4)

    @task
    def meet() -> None:
        together.wait(60)

    @flow
    def meeting() -> None:
        [future.result() for future in [meet.submit() for _ in range(4)]]

    assert [observe(meeting, live=live).timeline.peak for live in (None, lambda timeline: None)] == [4, 4]


def test_an_observation_is_drawn_with_its_limit():
    drawn = observe(number_flow, 1).plot(limit=2, prediction=(1.0, 1))
    assert drawn.png().startswith(b"\x89PNG") and "ideal" in drawn.title and "Predicted: 1.0 s" in drawn.alt
    with pytest.raises(ValueError, match="whole number of slots"):
        observe(number_flow, 1).plot(limit=0)


@pytest.mark.slow
def test_in_a_notebook_the_figure_follows_the_run_in_its_cell():
    cells = [
        "from workbook import live, observe, server\nserver.ensure()",
        "import threading\nfrom prefect import flow, task\nfrom workbook.figures import live as drawing\n"
        "drawn, real = [], drawing.picture\n"
        "def picture(timeline, limit=None, **rest):\n"
        "    drawn.append(timeline)\n"
        "    if len(drawn) > 1: seen_twice.set()\n"
        "    return real(timeline, limit, **rest)\n"
        "drawing.picture, seen_twice = picture, threading.Event()\n"
        "@task\ndef patient(): assert seen_twice.wait(60)\n"
        "@flow\ndef waiting(): return patient.submit().result()",
        "seen = observe(waiting, live=live(limit=1))",
        "print(len(drawn) > 2, drawn[0].end, drawn[-1] is seen.timeline)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=None, kernel_name="python3").execute()
    assert notebook.cells[-1].outputs[0].text == "True None True\n"
    (shown,) = [output for output in notebook.cells[2].outputs if output.output_type == "display_data"]
    assert "<img alt=" in shown.data["text/html"] and "1 task run, at most 1 at once" in shown.data["text/plain"]
