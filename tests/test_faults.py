"""What survives a crash: processes are killed, connections cut and a disk filled for real, and looked at afterwards.

A lease lasts 60 s, and no setting shortens it. So those that have to end are begun first and looked at last.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from prefect import flow
from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.deployments import run_deployment
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import text

from conftest import CHECKOUT, put_tables
from flows import prefect_flow, publishing, warehouse
from tests.production import PREFECT, Running, Server, clean_environment, prefect, prefect_server_in, started, wait_for
from workbook import observe, observe_run
from workbook.prefect_server import local
from workbook.prefect_server.doctor import leaked_slots
from workbook.prefect_server.limits import ensure_limit, read_limit

pytestmark = [pytest.mark.production, pytest.mark.slow]

HOLDER = """
import sys
import time
from pathlib import Path

from prefect import flow, task


@task
def hold(until: str) -> None:
    while not Path(until).exists():
        time.sleep(0.1)


@flow
def holder(tag: str, until: str) -> None:
    for future in [hold.with_options(tags=[tag]).submit(until) for _ in range(3)]:
        future.result()


if __name__ == "__main__":
    holder(*sys.argv[1:])
"""
FILE_SYSTEM = "prefect.server.concurrency.lease_storage.filesystem"


@contextlib.contextmanager
def holding(tag: str, folder: Path, environment: dict[str, str]) -> Iterator[Running]:
    """A client whose three tasks hold all three slots of a tag, until there is a file `folder/TAG`."""
    (folder / "holder.py").write_text(HOLDER, encoding="utf-8")
    ensure_limit(tag, 3)
    command = [sys.executable, "holder.py", tag, str(folder / tag)]
    with started(command, folder / f"{tag}.log", environment, cwd=folder) as client:
        wait_for(lambda: taken(tag) == 3, client.printed)
        yield client


def taken(tag: str) -> int:
    return read_limit(tag).active_slots


def name(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:8]}"


# ----------------------------------------
# Begun first, looked at last


@pytest.fixture(scope="module")
def killed_client(prefect_server, tmp_path_factory) -> tuple[str, float]:
    """The tag whose slots a client held when it was killed, and the moment."""
    folder, tag = tmp_path_factory.mktemp("client"), name("killed-client")
    with holding(tag, folder, clean_environment(folder, PREFECT_API_URL=prefect_server.api_url)) as client:
        client.end()
    return tag, time.monotonic()


@pytest.fixture(scope="module")
def killed_worker(prefect_server, tmp_path_factory) -> dict:
    """A deployed flow run in the middle of which its worker was killed, with the process that ran it."""
    folder, tag = tmp_path_factory.mktemp("worker"), name("killed-worker")
    (folder / "holder.py").write_text(HOLDER, encoding="utf-8")
    ensure_limit(tag, 3)
    mark_the_silent_as_crashed(name("silent"), within=45)
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=tag, type="process"))
    flow.from_source(folder, "holder.py:holder").deploy(tag, work_pool_name=tag, print_next_steps=False)
    run = run_deployment(f"holder/{tag}", parameters={"tag": tag, "until": str(folder / "go")}, timeout=0)
    environment = clean_environment(
        folder, PREFECT_API_URL=prefect_server.api_url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY="30"
    )
    worker = {"command": [*PREFECT, "worker", "start", "--pool", tag], "environment": environment}
    with started(**worker, log=folder / "killed.log") as killed:
        wait_for(lambda: taken(tag) == 3, killed.printed)
        killed.end()
    return {"run": run.id, "tag": tag, "folder": folder, "worker": worker, "moment": time.monotonic()}


def mark_the_silent_as_crashed(automation: str, within: float) -> None:
    """The automation of docs/deployment_guide.md: a flow run whose heartbeat is missing has crashed."""
    ends = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed")}
    Automation(
        name=automation,
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat"} | ends,
            match={"prefect.resource.id": "prefect.flow-run.*"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=within),
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="No heartbeat.")],
    ).create()


def state_of(run_id: uuid.UUID) -> StateType:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run_id).state.type


def test_a_killed_client_leaves_its_slots_taken(killed_client):
    tag, _ = killed_client
    assert taken(tag) == 3 and tag not in leaked_slots()  # they have a lease still


def test_the_run_of_a_killed_worker_goes_on_as_running(killed_worker):
    assert state_of(killed_worker["run"]) == StateType.RUNNING and taken(killed_worker["tag"]) == 3


# ----------------------------------------
# The server


@pytest.fixture(scope="module")
def disk(tmp_path_factory) -> Path:
    """Where a server keeps its database over a crash."""
    return tmp_path_factory.mktemp("disk")


@contextlib.contextmanager
def server_on(disk: Path, port: int | None = None, **settings: str) -> Iterator[Server]:
    """A Prefect server with its database on the disk; this process is its client meanwhile."""
    settings |= {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{disk}/prefect.db",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",
    }
    with prefect_server_in(disk, port, **settings) as running, temporary_settings({PREFECT_API_URL: running.url}):
        yield running


def workbook(*words: str, environment: dict[str, str]) -> str:
    """A `workbook` command; what it printed."""
    command = [sys.executable, "-m", "workbook.cli", *words]
    ran = subprocess.run(command, cwd=CHECKOUT, env=environment, text=True, stdout=-1, stderr=-2, timeout=120)
    return ran.stdout


def port_of(running: Server) -> int:
    return int(running.url.rpartition(":")[2].partition("/")[0])


def test_a_server_that_is_killed_leaks_the_slots_whose_leases_were_in_its_memory(disk):
    """Shown by `workbook doctor`; freed by Prefect's own command, or by `workbook server free-slots`."""
    lives, dies = tags = [name("lives"), name("dies")]
    with contextlib.ExitStack() as clients:
        with server_on(disk) as first:
            living, dead = [clients.enter_context(holding(tag, disk, first.environment)) for tag in tags]
            assert leaked_slots() == {}
            first.end()
            dead.end()
        with server_on(disk, port_of(first)) as second:
            (disk / lives).touch()
            assert living.process.wait(90) == 0, living.printed()
            assert [taken(tag) for tag in tags] == [3, 3]  # not even who lives through it can give them back
            assert leaked_slots() == dict.fromkeys(tags, 3)
            said = workbook("doctor", environment=second.environment)
            assert all(f"`workbook server free-slots {tag}`" in said for tag in tags), said

            shell = {"environment": second.environment, "cwd": disk}
            prefect("concurrency-limit", "reset", dies, **shell)
            assert taken(dies) == 3  # it takes away leases, and there are none
            prefect("gcl", "update", f"tag:{dies}", "--active-slots", "0", **shell)
            said = workbook("server", "free-slots", lives, environment=second.environment)
            assert f"Freed 3 slots of the limit on {lives!r}." in said
            assert leaked_slots() == {} and [taken(tag) for tag in tags] == [0, 0]


def test_with_leases_in_files_a_restart_leaks_nothing(disk):
    """Who lives through it gives its slots back itself; those of the dead come free when their lease ends."""
    lives, dies = name("lives"), name("dies")
    with contextlib.ExitStack() as clients:
        with server_on(disk, PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=FILE_SYSTEM) as first:
            living = clients.enter_context(holding(lives, disk, first.environment))
            dead = clients.enter_context(holding(dies, disk, first.environment))
            first.end()
            dead.end()
        with server_on(disk, port_of(first), PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=FILE_SYSTEM):
            killed = time.monotonic()
            assert (taken(lives), taken(dies)) == (3, 3) and leaked_slots() == {}
            (disk / lives).touch()
            assert living.process.wait(90) == 0, living.printed()
            assert taken(lives) == 0
            wait_for(lambda: taken(dies) == 0)
            print(f"free {time.monotonic() - killed:.0f} s after the restart")


# ----------------------------------------
# The database and the disk


@pytest.fixture
def quick(prefect_server, tmp_path, monkeypatch) -> Path:
    """Where the production flow publishes in this test; its retries come without a delay."""
    monkeypatch.setenv("WORKBOOK_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(prefect_flow, "sql_query", prefect_flow.sql_query.with_options(retry_delay_seconds=0.1))
    ensure_limit(prefect_flow.TAG, prefect_flow.LIMIT)
    return tmp_path / "data"


@pytest.fixture
def postgres(monkeypatch) -> Iterator[sqlalchemy.Connection]:
    """A database of its own on a real PostgreSQL, which DATABASE_URL names; a connection to another."""
    given = os.environ.get("WORKBOOK_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    address = sqlalchemy.make_url(given).set(drivername="postgresql+psycopg")
    admin = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    database = name("faults").replace("-", "_")
    try:
        connection = admin.connect()
    except sqlalchemy.exc.OperationalError:
        pytest.skip("PostgreSQL does not answer: start it, or name it in WORKBOOK_TEST_POSTGRES_URL")
    with connection:
        connection.execute(text(f"CREATE DATABASE {database}"))
        monkeypatch.setenv("DATABASE_URL", address.set(database=database).render_as_string(hide_password=False))
        try:
            yield connection
        finally:
            warehouse.engine().dispose()
            connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))


def test_a_query_whose_connection_is_cut_is_asked_again(postgres, quick, monkeypatch):
    cut, asked, failed = [], [], []
    real = warehouse.query

    def query(index: int):
        asked.append(index)
        try:
            return real(index)
        except warehouse.QueryFailed as error:
            failed.append((index, str(error)))
            raise

    def cut_one() -> None:
        sleeping = text(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = :database AND wait_event = 'PgSleep' LIMIT 1"
        )
        while not cut and not over.wait(0.01):
            cut.extend(postgres.execute(sleeping, {"database": warehouse.url().database}).scalars())

    warehouse.prepare()
    monkeypatch.setattr(warehouse, "query", query)
    over, cutter = threading.Event(), threading.Thread(target=cut_one)
    cutter.start()
    try:
        seen = observe(prefect_flow.main_etl)
    finally:
        over.set()
        cutter.join()
    assert len(cut) == 1 and len(failed) == 1, failed
    assert sorted(asked) == sorted([*range(20), failed[0][0]])
    assert seen.state.is_completed() and len(list((quick / "out").iterdir())) == 20
    assert seen.timeline.where(tag="database").peak <= 3


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of its own, of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.name == "nt" or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a file system can be mounted by root alone: the disk that is full cannot be made")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_what_was_published_stays_whole(small_disk, quick, monkeypatch):
    monkeypatch.setenv("WORKBOOK_DATA", str(small_disk))
    warehouse.prepare()
    with publishing.staging("former") as folder:
        (folder / "all.json").write_text("whole", encoding="utf-8")
        publishing.publish(folder)
    ballast, room = small_disk / "ballast", 12_288  # for some of the twenty files, and not for all
    ballast.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - room))

    seen = observe(prefect_flow.main_etl)
    assert seen.state.is_failed() and "No space left on device" in str(seen.error), seen.error
    assert "what was published before is untouched" in str(seen.error)
    assert {path.name: path.read_text(encoding="utf-8") for path in publishing.out().iterdir()} == {"all.json": "whole"}
    completed = seen.timeline.where(task="sql_query", state="COMPLETED")
    assert 0 < len(completed) < 20  # it was full in the middle

    ballast.unlink()
    assert observe(prefect_flow.main_etl).state.is_completed()
    assert len([json.loads(path.read_text(encoding="utf-8")) for path in publishing.out().iterdir()]) == 20


# ----------------------------------------
# Two learners on one machine


@pytest.fixture
def checkouts(tmp_path) -> Iterator[dict[Path, dict[str, str]]]:
    """Two copies of this checkout, each with the environment of a shell in it; their servers are stopped at the end."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "WORKBOOK_", "DATABASE_URL"))}
    copies = {}
    for copy in (tmp_path / "ann", tmp_path / "bob"):
        for folder in ("flows", "workbook"):
            shutil.copytree(CHECKOUT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
        put_tables(copy / ".workbook" / local.empty_database().name)
        copies[copy] = ours | {"PYTHONPATH": str(copy)}  # queries in full length: they overlap also on a busy machine
    try:
        yield copies
    finally:
        for copy, environment in copies.items():
            command = [sys.executable, "-m", "workbook.cli", "server", "stop"]
            subprocess.run(command, cwd=copy, env=environment, capture_output=True, timeout=60)


def test_two_checkouts_on_one_machine_do_not_meet(checkouts):
    """Begun at the same moment, each gets a server and a limit of its own, and ends its own alone."""
    command = [sys.executable, "flows/prefect_flow.py"]
    with contextlib.ExitStack() as stack:
        both = [
            stack.enter_context(started(command, copy / "run.log", environment, cwd=copy))
            for copy, environment in checkouts.items()
        ]
        for running in both:
            assert running.process.wait(180) == 0, running.printed()
            assert "peak      3 at once, under a limit of 3" in running.printed()
    records = [json.loads((copy / ".workbook" / "server.json").read_text(encoding="utf-8")) for copy in checkouts]
    assert len({record["port"] for record in records}) == len({record["pid"] for record in records}) == 2
    for copy in checkouts:
        assert len(list((copy / "data" / "out").iterdir())) == 20

    urls = [f"http://127.0.0.1:{record['port']}/api" for record in records]
    with temporary_settings({PREFECT_API_URL: urls[0]}):
        ensure_limit("database", 5)
    with temporary_settings({PREFECT_API_URL: urls[1]}):
        assert read_limit("database").limit == 3

    (ann, shell), (bob, other_shell) = checkouts.items()
    stop = [sys.executable, "-m", "workbook.cli", "server", "stop"]
    subprocess.run(stop, cwd=ann, env=shell, check=True, capture_output=True)
    assert not psutil.pid_exists(records[0]["pid"])
    status = subprocess.run([*stop[:-1], "status"], cwd=bob, env=other_shell, capture_output=True, text=True)
    assert status.returncode == 0 and f"(pid {records[1]['pid']})" in status.stdout


# ----------------------------------------
# What became of the first


def test_the_slots_of_a_killed_client_come_free_when_its_lease_ends(killed_client):
    tag, killed = killed_client
    wait_for(lambda: taken(tag) == 0)
    print(f"free at the latest {time.monotonic() - killed:.0f} s after the kill")


def test_the_run_of_a_killed_worker_is_marked_as_crashed_and_can_be_run_again(killed_worker):
    """An automation misses the heartbeat; `prefect flow-run retry` has another worker run it from the beginning."""
    run, tag, folder, worker = (killed_worker[part] for part in ("run", "tag", "folder", "worker"))
    wait_for(lambda: state_of(run) == StateType.CRASHED)
    wait_for(lambda: taken(tag) == 0)
    (folder / "go").touch()
    prefect("flow-run", "retry", str(run), environment=worker["environment"], cwd=folder)
    with started(**worker, log=folder / "second.log") as second:
        wait_for(lambda: state_of(run) == StateType.COMPLETED, second.printed)
    assert len(observe_run(run).timeline.where(tag=tag, state="COMPLETED")) == 3
