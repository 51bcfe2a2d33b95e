"""PostgreSQL, queried and as Prefect's own database, and Redis between several API servers: all of them real."""

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy.engine import URL

from conftest import CHECKOUT, free_port
from tests import production
from tests.production import PREFECT, clean_environment, wait_for
from workbook.runs.records import observe_run

pytestmark = pytest.mark.production

PASSWORD = "WXYZ-QRST-UVWX"  # of Prefect's own database; no id or hash has these letters
WRONG = "HJKM-NPVW-XZYT"
QUICK_HAND_OVER = {"PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.1"}
SURVIVING_LEASES = {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem"}


@pytest.fixture(scope="module")
def own_database(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Prefect's tables in a PostgreSQL database of their own; the settings of a server that uses it."""
    with production.postgresql_database(PASSWORD) as database:
        url = database.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        settings = {"PREFECT_SERVER_DATABASE_CONNECTION_URL": url} | QUICK_HAND_OVER
        folder = tmp_path_factory.mktemp("migrations")
        said = production.prefect(
            "server", "database", "upgrade", "-y", environment=clean_environment(folder, **settings), cwd=folder
        )
        assert "Migrations succeeded!" in said and PASSWORD not in said
        yield settings | {"PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false"}


def flow_environment(folder: Path, api_url: str, shop: URL | None = None, scale: float = 1) -> dict[str, str]:
    """What a flow of the workbook needs to run against these servers, with everything it writes in `folder`."""
    places = {"WORKBOOK_HOME": str(folder / "home"), "WORKBOOK_DATA": str(folder / "data")}
    places["WORKBOOK_STARTED_URL"] = ""  # the session's own server is one that is given, too, and none is started
    queried = {"DATABASE_URL": shop.render_as_string(hide_password=False)} if shop else {}
    return clean_environment(folder, PREFECT_API_URL=api_url, WORKBOOK_TIME_SCALE=str(scale), **places, **queried)


def run(*command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=150
    )


def read(api_url: str, path: str, body: dict | None = None):
    """One answer of Prefect's REST API."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{api_url}/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def taken_slots(api_url: str) -> int:
    with contextlib.suppress(urllib.error.HTTPError):  # the flow has not created its limit yet
        return read(api_url, "v2/concurrency_limits/tag:database")["active_slots"]
    return 0


def running(api_url: str) -> int:
    wanted = {"tags": {"all_": ["database"]}, "state": {"type": {"any_": ["RUNNING"]}}}
    return len(read(api_url, "task_runs/filter", {"task_runs": wanted}))


UNCONTROLLED_THEN_CONTROLLED = """
from workbook import server
server.ensure()
from flows import patterns, warehouse
from workbook import observe
from workbook.limits import ensure_limit
ensure_limit("database", 3)
warehouse.prepare()
for name in ("parallel", "controlled"):
    seen = observe(patterns.PATTERNS[name])
    print(name, seen.state.name, seen.timeline.where(tag="database").peak, seen.error)
"""


def test_twenty_at_once_are_too_many_for_a_role_and_a_limit_of_three_is_the_cure(own_database, tmp_path):
    with (
        production.prefect_server_in(tmp_path, **own_database) as server,
        production.postgresql_database(connections=3) as shop,
    ):
        ran = run("-c", UNCONTROLLED_THEN_CONTROLLED, environment=flow_environment(tmp_path, server.url, shop))
        assert ran.returncode == 0, ran.stderr
        uncontrolled, controlled = ran.stdout.splitlines()[-2:]
        assert uncontrolled.startswith("parallel Failed 0 The database could not answer")
        assert f'too many connections for role "{shop.username}"' in uncontrolled
        assert controlled == "controlled Completed 3 None"
    assert PASSWORD not in server.printed()


@pytest.mark.slow
def test_a_password_that_is_wrong_or_missing_is_one_sentence_and_shows_neither(prefect_server, tmp_path):
    with production.postgresql_that_asks(PASSWORD) as shop:
        wrong, missing = shop.set(password=WRONG), URL.create("postgresql", shop.username, None, *shop[3:6])
        for address, reason in (
            (wrong, 'password authentication failed for user "postgres"'),
            (missing, "no password supplied"),
        ):
            environment = flow_environment(tmp_path, prefect_server.api_url, address)
            flow = run("flows/prefect_flow.py", environment=environment)
            doctor = run("-m", "workbook.cli", "doctor", environment=environment)
            line = next(line for line in doctor.stdout.splitlines() if "Database" in line)
            assert (flow.returncode, doctor.returncode) == (1, 1)
            for said in (flow.stderr.splitlines()[-1], line):
                assert "DATABASE_URL cannot be used at 127.0.0.1/postgres (" in said and reason in said
                assert "correct DATABASE_URL" in said
            for printed in (flow.stdout, flow.stderr, doctor.stdout, doctor.stderr):
                assert PASSWORD not in printed and WRONG not in printed and "Traceback" not in printed
        right = run(
            "-m", "workbook.cli", "doctor", environment=flow_environment(tmp_path, prefect_server.api_url, shop)
        )
        assert "Database 127.0.0.1/postgres answers" in right.stdout


@pytest.mark.slow
def test_a_server_killed_in_the_middle_comes_back_with_its_runs_and_without_leaked_slots(own_database, tmp_path):
    """Whether the flow lives on depends on what it was asking of the server; its record and the slots always do."""
    port = free_port()
    settings = own_database | SURVIVING_LEASES
    with production.prefect_server_in(tmp_path, port, **settings) as first:
        command = [sys.executable, "flows/prefect_flow.py"]
        environment = flow_environment(tmp_path, first.url, scale=4)
        with production.started(command, tmp_path / "flow.log", environment, CHECKOUT) as flow:
            # A slot is counted first, then leased, then its query begins: killed in between, the server would lose the
            # slot, or nobody would know of it until its lease ends.
            def leased() -> int:
                return len(list((tmp_path / "prefect" / "concurrency_leases").glob("*-*.json")))

            wait_for(lambda: running(first.url) == taken_slots(first.url) == leased() == 3, flow.printed)
            first.end()
            with production.prefect_server_in(tmp_path, port, **settings) as second:
                completed = flow.process.wait(150) == 0
                wait_for(lambda: taken_slots(second.url) == 0)
                records = read(second.url, "flow_runs/filter", {"flows": {"name": {"any_": ["main-etl-job"]}}})
                assert [run["state_type"] for run in records] == ["COMPLETED" if completed else "FAILED"]
                assert (tmp_path / "data" / "out").exists() == completed
                # Who waited when the flow failed is given a slot and cancelled at once: Crashed, without a query, and
                # recorded as ended only after the slot was given on.
                with temporary_settings({PREFECT_API_URL: second.url}):
                    asked = observe_run(records[0]["id"]).timeline.where(tag="database", state="COMPLETED")
                assert asked.peak == 3


@pytest.fixture
def redis(tmp_path) -> Iterator[str]:
    """The address of a Redis."""
    with production.redis(tmp_path) as address:
        yield f"redis://{address}"


@pytest.mark.slow
def test_two_api_servers_behind_one_address_hold_one_limit(own_database, redis, tmp_path):
    shared = own_database | {
        "PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_REDIS_MESSAGING_URL": f"{redis}/0",
        "PREFECT_SERVER_DOCKET_URL": f"{redis}/1",
    }
    ports, door = [free_port(), free_port()], free_port()
    there = ("127.0.0.1:4201", "127.0.0.1:4202", "127.0.0.1:4200")
    here = [f"127.0.0.1:{port}" for port in (*ports, door)]
    configuration = f"""
        log_format servers "$upstream_addr $request $status";
        access_log {tmp_path}/served.log servers;
        {production.nginx_of("deployment_guide", **dict(zip(there, here, strict=True)))}"""
    environment = clean_environment(tmp_path, **shared)
    api_server = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--no-ui", "--no-services", "--port"]
    commands = {f"api-{port}": [*api_server, str(port)] for port in ports}
    commands["services"] = [*PREFECT, "server", "services", "start"]
    with contextlib.ExitStack() as running:
        for name, command in commands.items():
            server = running.enter_context(production.started(command, tmp_path / f"{name}.log", environment))
            if port := int(name.partition("-")[2] or 0):  # two that fill an empty database at once may collide
                wait_for(lambda port=port, server=server: production.listens(port, server), server.printed)
        running.enter_context(production.nginx(tmp_path, configuration, door))
        flow = run("flows/prefect_flow.py", environment=flow_environment(tmp_path, f"http://127.0.0.1:{door}/api"))
        assert flow.returncode == 0, flow.stderr
        assert "20 of 20 completed" in flow.stdout and "peak      3 at once, under a limit of 3" in flow.stdout
        assert "missing" not in flow.stdout
        wait_for(lambda: taken_slots(f"http://127.0.0.1:{door}/api") == 0)
    served = (tmp_path / "served.log").read_text(encoding="utf-8")
    assert all(f"127.0.0.1:{port} POST /api/" in served for port in ports)
    assert not any(PASSWORD in log.read_text(encoding="utf-8") for log in tmp_path.glob("*.log"))
