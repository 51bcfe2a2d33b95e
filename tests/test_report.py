"""`workbook timeline`: what it shows of a run, and what it says when there is none to show."""

import json
import threading
from uuid import uuid4

import pytest
from prefect import flow, task
from prefect.runtime import flow_run

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


def test_figure_text_table_and_diagnosis_of_a_run(run_python, tmp_path, run_id):
    figure, records = tmp_path / "run.svg", tmp_path / "run.json"
    run = run_python(
        "-m", "workbook.cli", "timeline", run_id, "--limit", "5", "--figure", str(figure), "--json", str(records)
    )
    assert run.returncode == 0, run.stderr
    assert "5 task runs" in run.stdout and "even" in run.stdout and "odd" in run.stdout
    assert "Completed" in run.stdout and f"Figure: {figure}" in run.stdout
    assert figure.read_text().startswith("<?xml")
    record = json.loads(records.read_text())
    assert record["flow_run_id"] == run_id and record["limit"] == 5 and len(record["timeline"]["spans"]) == 5


@pytest.mark.slow
def test_only_the_task_runs_with_a_tag(run_python, tmp_path, run_id):
    run = run_python("-m", "workbook.cli", "timeline", run_id, "--tag", "even", "--figure", str(tmp_path / "run.png"))
    assert run.returncode == 0 and "3 task runs" in run.stdout and "odd" not in run.stdout


@pytest.mark.slow
def test_the_figure_is_saved_among_the_data_by_default(run_python, tmp_path, run_id):
    run = run_python("-m", "workbook.cli", "timeline", run_id, WORKBOOK_DATA=str(tmp_path))
    assert run.returncode == 0 and (tmp_path / f"timeline-{run_id[:8]}.png").exists()


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([str(uuid4())], "holds no flow run"),
        (["nonsense"], "is not a flow run id"),
        (["RUN", "--limit", "0"], "--limit must be a whole number"),
        (["RUN", "--limit", "three"], "--limit must be a whole number"),
        (["RUN", "--tag", "prime"], "has the tag 'prime': their tags are 'even'"),
        (["RUN", "--figure", "run.pdf"], "--figure must end in .png or .svg"),
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
