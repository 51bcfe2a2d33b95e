"""Deployed execution as docs/deployment_guide.md has it: the seed's commands, a schedule, production up and down."""

import contextlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zoneinfo
from datetime import UTC, datetime
from uuid import UUID

import psutil
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings

from conftest import CHECKOUT
from tests.production import PREFECT, Running, clean_environment, prefect, prefect_server_in, started, wait_for
from workbook.prefect_server.settings import SERVER_SETTINGS
from workbook.runs.records import observe_run
from workbook.timelines.diagnosis import explain

pytestmark = pytest.mark.production

NIGHTLY = """
from prefect import flow

@flow(log_prints=True)
def nightly():
    print("done")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this module's own, with the settings of the workbook's; this process is its client meanwhile."""
    with (
        prefect_server_in(tmp_path_factory.mktemp("server"), **SERVER_SETTINGS) as running,
        temporary_settings({PREFECT_API_URL: running.url}),
    ):
        yield running


@pytest.fixture
def clean(tmp_path):
    """A checkout as it is before anything has run in it."""
    for folder in ("flows", "workbook", "scripts"):
        shutil.copytree(CHECKOUT / folder, tmp_path / "clean" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "clean"


def test_the_seeds_commands_deploy_and_run_the_etl_from_a_clean_directory(server, clean):
    environment = without_workbook(server.environment) | {"PYTHONPATH": str(clean), "WORKBOOK_TIME_SCALE": "0.2"}

    def command(line: str) -> str:
        return prefect(*shlex.split(line)[1:], environment=environment, cwd=clean)

    setup = subprocess.run(
        [sys.executable, "scripts/setup_concurrency_limit.py"],
        cwd=clean,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "Limit on tag 'database': 3 at once" in setup.stdout, setup.stderr

    deploy = "--no-prompt deploy flows/prefect_flow.py:main_etl --name prod-etl --pool prod-pool"
    early = subprocess.run(
        [*PREFECT, *deploy.split()], cwd=clean, env=environment, capture_output=True, text=True, encoding="utf-8"
    )  # fmt: skip
    assert early.returncode == 1 and "prod-pool' which does not exist" in " ".join(early.stdout.split()), early
    command("prefect work-pool create prod-pool --type process")
    command("prefect deploy flows/prefect_flow.py:main_etl --name prod-etl --pool prod-pool")
    worker = shlex.split("prefect worker start --pool prod-pool")
    with started([*PREFECT, *worker[1:]], clean.parent / "worker.log", environment, cwd=clean) as working:
        run_id = flow_run_in(command("prefect deployment run main-etl-job/prod-etl"))
        wait_until_over(run_id, working.printed)

    seen = observe_run(run_id)
    queries = seen.timeline.where(tag="database")
    assert seen.state.is_completed(), working.printed()
    assert len(queries) == 20
    assert 1 <= queries.peak <= 3
    assert len(list((clean / "data" / "out").glob("*.json"))) == 20  # it ran here, and not in the checkout of the tests


@pytest.fixture(scope="module")
def nights(server, tmp_path_factory):
    """The folder of a flow with two deployments: one due every 15 seconds, one at two in the night in Zurich."""
    folder = tmp_path_factory.mktemp("nights")
    (folder / "nightly.py").write_text(NIGHTLY, encoding="utf-8")
    for command in (
        "work-pool create night-pool --type process",
        "deploy nightly.py:nightly --name often --pool night-pool --interval 15",
        "deploy nightly.py:nightly --name at-two --pool night-pool --cron '0 2 * * *' --timezone Europe/Zurich",
    ):
        prefect(*shlex.split(command), environment=server.environment, cwd=folder)
    return folder


@pytest.mark.slow
def test_a_cron_schedule_keeps_to_the_clock_of_its_time_zone(nights):
    wait_for(lambda: runs_of("nightly/at-two"))
    zurich = zoneinfo.ZoneInfo("Europe/Zurich")
    assert {run.expected_start_time.astimezone(zurich).hour for run in runs_of("nightly/at-two")} == {2}


@pytest.mark.slow
def test_a_worker_takes_the_runs_of_a_schedule_as_they_come_due_unless_it_is_paused(server, nights):
    wait_for(lambda: len(runs_of("nightly/often")) >= 3)
    first, second, *_ = [run.expected_start_time for run in runs_of("nightly/often")]
    assert (second - first).total_seconds() == 15

    worker = [*PREFECT, "worker", "start", "--pool", "night-pool", "--limit", "1"]  # it would take all that are due
    with started(worker, nights / "worker.log", server.environment) as working:
        wait_for(lambda: [run for run in runs_of("nightly/often") if run.state.is_completed()], working.printed)
    run = next(run for run in runs_of("nightly/often") if run.state.is_completed())
    assert run.auto_scheduled
    early = (run.expected_start_time - run.start_time).total_seconds()
    assert early < 1  # a worker looks 10 s ahead, and waits until it is due, to the second

    def schedule(*words: str) -> str:
        return prefect("deployment", "schedule", *words, environment=server.environment, cwd=nights)

    schedule_id = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", schedule("ls", "nightly/often"))[0]
    schedule("pause", "nightly/often", schedule_id)
    assert "False" in schedule("ls", "nightly/often") and "True" in schedule("ls", "nightly/at-two")
    paused = datetime.now(UTC)
    wait_for(lambda: not [run for run in runs_of("nightly/often") if run.expected_start_time > paused])
    schedule("resume", "nightly/often", schedule_id)
    assert "True" in schedule("ls", "nightly/often")
    wait_for(lambda: [run for run in runs_of("nightly/often") if run.expected_start_time > paused])


@pytest.mark.slow
def test_flow_runs_that_wait_for_their_deployments_limit_are_told_with_the_setting(server, nights):
    one = "deploy nightly.py:nightly --name one-at-a-time --pool night-pool --concurrency-limit 1"
    prefect(*shlex.split(one), environment=server.environment, cwd=nights)

    @flow
    def triggers_three():
        for _ in range(3):
            run_deployment("nightly/one-at-a-time", timeout=0)

    triggered = triggers_three(return_state=True).state_details.flow_run_id
    worker = [*PREFECT, "worker", "start", "--pool", "night-pool"]
    prefect("deployment", "schedule", "clear", "nightly/often", "-y", environment=server.environment, cwd=nights)
    with started(worker, nights / "worker.log", server.environment) as working:
        wait_for(lambda: all(run.state.is_final() for run in runs_of("nightly/one-at-a-time")), working.printed)
    seen = observe_run(triggered)
    assert len(seen.timeline.around.children) == 3
    assert seen.timeline.around.other_limits == {"deployment 'one-at-a-time'": 1}
    said = explain(seen.timeline)
    assert "waited for the deployment's concurrency limit on 'nightly/one-at-a-time' (AwaitingConcurrencySlot)" in said


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_of_a_script_can_be_ended_after_set_m(server, tmp_path, how):
    """Without it the worker is sent the signal, says so, and goes on."""
    pool = f"script-{how.name.lower()}"
    prefect("work-pool", "create", pool, "--type", "process", environment=server.environment, cwd=tmp_path)
    environment = server.environment | {"PREFECT_WORKER_HEARTBEAT_SECONDS": "1"}
    worker = shlex.join([*PREFECT, "worker", "start", "--pool", pool])

    def signalled(script: str) -> tuple[Running, psutil.Process]:
        running = scripts.enter_context(started(["bash", "-c", script], tmp_path / f"{len(script)}.log", environment))
        wait_for(lambda: "started!" in running.printed(), running.printed)
        (process,) = psutil.Process(running.process.pid).children()
        process.send_signal(how)
        wait_for(lambda: f"Received {how.name}" in running.printed(), running.printed)
        return running, process

    with contextlib.ExitStack() as scripts:
        obedient, process = signalled(f"set -m; {worker} & wait")
        wait_for(lambda: not process.is_running(), obedient.printed)
        assert "stopped!" in obedient.printed()

        deaf, process = signalled(f"{worker} & wait")
        beats = set()
        wait_for(lambda: beats.add(heartbeat_of_the_last_worker(pool)) or len(beats) > 3, deaf.printed)
        assert process.is_running() and "stopped!" not in deaf.printed()


def heartbeat_of_the_last_worker(pool: str) -> datetime:
    with get_client(sync_client=True) as client:
        return max(worker.last_heartbeat_time for worker in client.read_workers_for_work_pool(pool))


@pytest.mark.slow
def test_production_goes_up_runs_and_goes_down_without_a_trace(tmp_path):
    environment = clean_environment(tmp_path) | {
        "WORKBOOK_HOME": str(tmp_path), "WORKBOOK_DATA": str(tmp_path / "data"), "WORKBOOK_TIME_SCALE": "0.2",
    }  # fmt: skip

    def production(word: str) -> str:
        ran = subprocess.run(
            [sys.executable, "scripts/production.py", word],
            cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
        return ran.stdout + ran.stderr

    try:
        up = production("up")
        assert "Up: a worker serves 'prod-pool'" in up
        assert "it is up already" in production("up")
        url = re.search(r"PREFECT_API_URL=(\S+)", up)[1]
        command = ("deployment", "run", "main-etl-job/prod-etl")
        run_id = flow_run_in(prefect(*command, environment=environment | {"PREFECT_API_URL": url}, cwd=tmp_path))
        with temporary_settings({PREFECT_API_URL: url}):
            wait_until_over(run_id, (tmp_path / "production" / "worker.log").read_text)
            assert observe_run(run_id).timeline.where(tag="database", state="COMPLETED").peak <= 3
        assert {"server", "worker"} <= set(production("status").split())
    finally:
        down = production("down")
    assert "Down: " in down
    assert "Nothing is up." in production("status")
    assert not [process for process in psutil.process_iter() if str(tmp_path) in str(environ(process).values())]


# ----------------------------------------


def without_workbook(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("WORKBOOK_")}


def flow_run_in(printed: str) -> UUID:
    """The flow run that `prefect deployment run` says it has made."""
    return UUID(re.search(r"UUID: (\S+)", printed)[1])


def wait_until_over(run_id: UUID, log) -> None:
    with get_client(sync_client=True) as client:
        wait_for(lambda: client.read_flow_run(run_id).state.is_final(), log)


def runs_of(deployment: str) -> list[FlowRun]:
    """The flow runs of a deployment, by the time when they are due."""
    with get_client(sync_client=True) as client:
        wanted = FlowRunFilter(deployment_id={"any_": [client.read_deployment_by_name(deployment).id]})
        return client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200)


def environ(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}
