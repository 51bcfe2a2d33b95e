"""`workbook timeline`: what it shows of a run, and what it says when there is none to show."""

import io
import json
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from rich.console import Console

from conftest import CHECKOUT
from workbook import observe
from workbook.cli import main
from workbook.prefect_server.limits import ensure_limit, remove_limit
from workbook.prefect_server.local import ServerError
from workbook.runs import records
from workbook.runs.records import find_flow_run, last_flow_runs
from workbook.runs.report import follow, limit_in_force
from workbook.timelines.diagnosis import CODES, explain, read_on

pytestmark = pytest.mark.usefixtures("prefect_server")


@task(tags=["even"])
def even(i: int) -> int:
    return i


@task
def odd(i: int) -> int:
    return i


@flow
def numbers() -> int:
    return sum(future.result() for future in [(odd if i % 2 else even).submit(i) for i in range(5)])


@pytest.fixture(scope="module")
def run_id(prefect_server) -> str:
    return str(numbers(return_state=True).state_details.flow_run_id)


@pytest.mark.second
def test_figure_text_table_and_diagnosis_of_a_run(run_python, tmp_path, run_id):
    figure, file = tmp_path / "run.svg", tmp_path / "run.json"
    run = run_python(
        "-m", "workbook.cli", "timeline", run_id, "--limit", "5", "--figure", str(figure), "--json", str(file)
    )
    assert run.returncode == 0, run.stderr
    assert "5 task runs" in run.stdout and "even" in run.stdout and "odd" in run.stdout
    assert "Completed" in run.stdout and f"Figure: {figure}" in run.stdout
    assert figure.read_text(encoding="utf-8").startswith("<?xml")
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record["flow_run_id"] == run_id and record["limit"] == 5 and len(record["timeline"]["spans"]) == 5


def test_the_limit_on_a_tag_of_the_run_is_found_without_being_told():
    ensure_limit("even", 2)
    try:
        seen = observe(numbers)
    finally:
        remove_limit("even")
    assert limit_in_force(seen.timeline) == 2 and limit_in_force(seen.timeline.where(task="odd")) is None
    assert "The limit of 2 belongs to the tag 'even': 3 of 5 tasks have it." in explain(seen.timeline, 2)


def test_a_run_is_found_by_its_name_and_address_and_the_last_without_either(run_id, prefect_server):
    other = numbers(return_state=True).state_details.flow_run_id
    with get_client(sync_client=True) as client:
        name = client.read_flow_run(UUID(run_id)).name
    assert find_flow_run(name) == find_flow_run(f"{prefect_server.ui_url}/runs/flow-run/{run_id}") == UUID(run_id)
    assert find_flow_run() == other
    with pytest.raises(ServerError, match="holds no flow run named 'nobody'"):
        find_flow_run("nobody")


@pytest.mark.slow
def test_without_a_run_the_last_ones_are_listed_and_the_newest_is_shown(run_python, tmp_path, run_id):
    newest = last_flow_runs(1)[0]
    run = run_python("-m", "workbook.cli", "timeline", "--figure", str(tmp_path / "run.png"))
    assert run.returncode == 0 and run.stdout.splitlines()[1:3] == [
        "The last flow runs:",
        f"  {newest.name}: Completed",
    ]
    assert f"Flow run {newest.name!r}, Completed." in run.stdout


@pytest.mark.slow
def test_only_the_task_runs_with_a_tag(run_python, tmp_path, run_id):
    run = run_python("-m", "workbook.cli", "timeline", run_id, "--tag", "even", "--figure", str(tmp_path / "run.png"))
    assert run.returncode == 0 and "3 task runs" in run.stdout and "odd" not in run.stdout


@pytest.mark.slow
def test_the_figure_is_saved_among_the_data_by_default(run_python, tmp_path, run_id):
    run = run_python("-m", "workbook.cli", "timeline", run_id, WORKBOOK_DATA=str(tmp_path))
    assert run.returncode == 0 and (tmp_path / f"timeline-{run_id[:8]}.png").exists()


@pytest.mark.slow
def test_a_run_that_is_still_going_is_shown_as_it_stands(run_python, tmp_path):
    begun, gate, ids = threading.Event(), threading.Event(), []

    @task
    def held() -> None:
        ids.append(str(flow_run.id))
        begun.set()
        gate.wait(60)

    @flow
    def going() -> None:
        odd.submit(1).result()
        held.submit().result()

    runner = threading.Thread(target=going)
    runner.start()
    try:
        assert begun.wait(60)
        run = run_python("-m", "workbook.cli", "timeline", ids[0], "--figure", str(tmp_path / "run.png"))
    finally:
        gate.set()
        runner.join()
    assert run.returncode == 0 and "still going" in run.stdout and "So far" in run.stdout


@pytest.mark.second
def test_a_run_that_goes_on_is_followed_until_it_has_ended():
    gate, ids = threading.Event(), queue.SimpleQueue()

    @task
    def held() -> None:
        ids.put(flow_run.id)
        gate.wait(60)

    @flow
    def going() -> None:
        held.submit().result()

    class Opened(io.StringIO):
        """Lets the task end as soon as something is shown of it."""

        def write(self, text: str) -> int:
            if "So far" in text:
                gate.set()
            return super().write(text)

    console = Console(file=Opened(), width=80)
    with ThreadPoolExecutor(max_workers=1) as pool:
        ran = pool.submit(going)
        seen = follow(UUID(ids.get(timeout=60)), console)
        ran.result(60)
    assert seen.state.is_completed() and len(seen.timeline) == 1
    assert console.file.getvalue().startswith("So far 0 of 1 task run ended")


def test_a_run_that_never_started_is_said(tmp_path, capsys):
    with get_client(sync_client=True) as client:
        waiting = client.create_flow_run(numbers)
    assert main(["timeline", waiting.name, "--figure", str(tmp_path / "run.png")]) == 0
    said = capsys.readouterr().out
    assert f"Flow run {waiting.name!r}, Pending. It has not started yet." in said and "No task ran" in said


def test_a_server_that_stops_while_it_is_read_is_one_sentence(monkeypatch, capsys, run_id):
    def gone(*_):
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(records, "family", gone)
    assert main(["timeline", run_id]) == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: The Prefect server at") and "doesn't answer" in said and len(said.splitlines()) == 1


def test_every_finding_names_a_lesson_that_exists():
    for code in CODES:
        lesson, page = read_on(code).split(" and ")
        assert (CHECKOUT / lesson).exists() and page.startswith("https://docs.prefect.io/v3/")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([str(uuid4())], "holds no flow run"),
        (["nonsense"], "holds no flow run named 'nonsense'"),
        (["RUN", "--limit", "0"], "--limit must be a whole number"),
        (["RUN", "--limit", "three"], "--limit must be a whole number"),
        (["RUN", "--tag", "prime"], "has the tag 'prime': their tags are 'even'"),
        (["RUN", "--figure", "run.pdf"], "--figure must end in .png or .svg"),
        (["RUN", "--figure", "/nope/run.png"], "there is no folder /nope. Create it"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_sentence(run_python, run_id, options, said):
    run = run_python("-m", "workbook.cli", "timeline", *[run_id if option == "RUN" else option for option in options])
    assert run.returncode == 1
    assert run.stderr.startswith("Error: ") and said in run.stderr and len(run.stderr.splitlines()) == 1


def test_no_server_is_started_only_to_say_that_it_knows_nothing(run_python, tmp_path):
    nowhere = {"PREFECT_API_URL": None, "WORKBOOK_STARTED_URL": None, "WORKBOOK_HOME": str(tmp_path)}
    run = run_python("-m", "workbook.cli", "timeline", str(uuid4()), **nowhere)
    assert run.returncode == 1 and "forgets its runs when it stops" in run.stderr and not list(tmp_path.iterdir())
