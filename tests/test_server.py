"""The life of the local server, and what is said when a server cannot be used."""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from conftest import CHECKOUT
from workbook import server

OWN = {"PREFECT_API_URL": None, "WORKBOOK_STARTED_URL": None, "PREFECT_HOME": None}  # as on a learner's machine


def start_process(home: Path, **environment: str) -> subprocess.Popen:
    merged = os.environ | {"WORKBOOK_HOME": str(home)} | environment
    merged = {k: v for k, v in merged.items() if k not in OWN}
    return subprocess.Popen(
        [sys.executable, "-m", "workbook.cli", "server", "start"],
        cwd=CHECKOUT,
        env=merged,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout's home of its own; whatever server is recorded there is ended after the test."""
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    yield tmp_path
    server.stop()


def test_life_of_a_server(home, run_python):
    """Two processes that start it at once share one; later ones reuse it; a dead one is replaced; stop ends it."""
    racers = [start_process(home) for _ in range(2)]
    said = [racer.communicate(timeout=150)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0], said
    assert len({re.search(r"http://\S+/api", text)[0] for text in said}) == 1
    first = server.read_record()
    with contextlib.closing(sqlite3.connect(server.empty_database())) as kept:  # what later ones begin with
        assert kept.execute("SELECT count(*) FROM flow_run").fetchall() == [(0,)]
    process = psutil.Process(first.pid)
    assert server.status() == (first, "running")
    assert [s.laddr.ip for s in process.net_connections() if s.status == "LISTEN"] == ["127.0.0.1"]

    again = run_python("-m", "workbook.cli", "server", "start", **OWN)
    assert first.api_url in again.stdout and server.read_record() == first

    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert server.status() == (first, "stale")
    with socket.create_server(("127.0.0.1", first.port)):  # and its port is now somebody else's
        replaced = run_python("-m", "workbook.cli", "server", "start", **OWN)
        assert replaced.returncode == 0, replaced.stderr
        second = server.read_record()
        assert second.port != first.port and second.pid != first.pid

    stopped = run_python("-m", "workbook.cli", "server", "stop", **OWN)
    assert second.api_url in stopped.stdout
    assert not psutil.pid_exists(second.pid) and server.port_is_free(second.port)
    assert server.status() == (None, "stopped")


def test_a_reused_process_id_is_not_our_server(home):
    mine = psutil.Process()
    (home / "server.json").write_text(
        json.dumps({"pid": mine.pid, "create_time": mine.create_time() - 60, "port": 4200})
    )
    assert server.status()[1] == "stale"
    assert server.stop() is None  # and nothing was killed: this test goes on
    assert server.read_record() is None


def test_a_server_that_hangs_is_seen_and_stopped(home):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as hung:
        (home / "server.json").write_text(
            json.dumps({"pid": hung.pid, "create_time": psutil.Process(hung.pid).create_time(), "port": 4200})
        )
        assert server.status()[1] == "not answering"
        assert server.stop().pid == hung.pid
        assert not psutil.pid_exists(hung.pid)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}', "[]"])
def test_a_damaged_record_is_as_good_as_none(home, content):
    (home / "server.json").write_text(content)
    assert server.status() == (None, "stopped")


def test_a_start_that_fails_shows_the_log_and_the_remedy(home, run_python, tmp_path_factory):
    broken = tmp_path_factory.mktemp("broken")  # as an unpinned install is: the server dies at import
    (broken / "fastapi.py").write_text("raise TypeError(\"Body() got an unexpected keyword argument 'min_items'\")\n")
    failed = run_python("-m", "workbook.cli", "server", "start", PYTHONPATH=str(broken), **OWN)
    assert failed.returncode == 1
    assert "stopped while starting: run `workbook doctor`" in failed.stderr
    assert "unexpected keyword argument 'min_items'" in failed.stderr
    assert server.read_record() is None


@pytest.mark.slow
def test_a_damaged_empty_database_fails_one_start_only(home, run_python):
    server.empty_database().write_text("no database")
    failed = run_python("-m", "workbook.cli", "server", "start", **OWN)
    assert failed.returncode == 1 and "file is not a database" in failed.stderr
    assert not server.empty_database().exists()


@pytest.mark.slow
def test_a_start_by_another_process_that_does_not_end_is_said(home, monkeypatch):
    monkeypatch.setattr(server, "START_SECONDS", -9.9)  # waits 10 s longer than that
    holding = f"import filelock\nwith filelock.FileLock({str(home / 'server.lock')!r}): print('held'); input()"
    command = [sys.executable, "-u", "-c", holding]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(server.ServerError, match="Another process has been starting the local server"):
            server.start()
        other.communicate("\n")


def test_a_disk_that_is_full_when_a_database_is_kept_is_said(home, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(server, "_start_on_a_free_port", full)
    with pytest.raises(server.ServerError, match=r"cannot be written \(database or disk is full\): free space"):
        server.start()


@pytest.mark.slow
def test_an_interrupt_while_it_starts_leaves_nothing(home):
    environment = {k: v for k, v in os.environ.items() if k not in OWN}
    program = [sys.executable, "flows/template.py"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell all are deaf to it
    with subprocess.Popen(program, cwd=CHECKOUT, env=environment, stderr=subprocess.PIPE, text=True) as starting:
        while not (record := server.read_record()):
            assert starting.poll() is None
            time.sleep(0.01)
        starting.send_signal(signal.SIGINT)
        said = starting.communicate(timeout=60)[1]
    assert starting.returncode == 130, said
    assert said.splitlines()[-1] == "Interrupted." and "Traceback" not in said
    assert not psutil.pid_exists(record.pid) and server.read_record() is None


CERTIFICATES = """
import os
import ssl
from workbook import server

def named(url):
    server.point_at(url)
    return os.environ.get("PREFECT_API_SSL_CERT_FILE")

few = named("http://127.0.0.1:4200/api")
print(len(ssl.create_default_context(cafile=few).get_ca_certs()), named("https://prefect.example/api"))
os.environ["PREFECT_API_SSL_CERT_FILE"] = "own.pem"
print(named("http://127.0.0.1:4200/api"), named("https://prefect.example/api"))
"""


def test_only_an_api_on_loopback_is_trusted_with_one_certificate(run_python):
    ran = run_python("-c", CERTIFICATES)
    assert ran.stdout.splitlines() == ["1 None", "own.pem own.pem"], ran.stderr


@pytest.mark.parametrize(("given", "asks"), [({}, "False"), ({"WORKBOOK_STARTED_URL": None}, "True")])
def test_only_its_own_server_is_asked_for_no_token(prefect_server, run_python, given, asks):
    """A server that is given may want one, and its clients go on as Prefect has them."""
    program = (
        "from workbook import server; server.ensure(); "
        "from prefect.settings import PREFECT_CLIENT_CSRF_SUPPORT_ENABLED as asks; print(asks.value())"
    )
    ran = run_python("-c", program, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED=None, **given)
    assert ran.stdout.splitlines()[-1] == asks, ran.stderr


def test_a_home_that_cannot_be_written_is_said(run_python, tmp_path):
    (tmp_path / "file").write_text("")
    failed = run_python(
        "-m", "workbook.cli", "server", "start", **OWN | {"WORKBOOK_HOME": str(tmp_path / "file" / "x")}
    )
    assert failed.returncode == 1
    assert re.search(r"^Error: .* cannot be written \(Not a directory\)", failed.stderr, re.MULTILINE)
    assert "Traceback" not in failed.stderr


@pytest.fixture
def answering():
    """A web server that answers everything with one status and body; ended with the test."""
    started = []

    def start(status: int, body: bytes = b"{}") -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        started.append(web)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        return f"http://user:hunter2@127.0.0.1:{web.server_port}/api"

    yield start
    for web in started:
        web.shutdown()
        web.server_close()


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, b"{}", "refused PREFECT_API_KEY (401): set it to the right key"),
        (403, b"{}", "refused PREFECT_API_KEY (403)"),
        (404, b"{}", "answers, but not as a Prefect API (404)"),
        (200, b"<html>", "answers, but not as a Prefect API"),
        (503, b"{}", "answers, but not as a Prefect API (503)"),
    ],
)
def test_a_given_server_that_cannot_be_used(answering, monkeypatch, status, body, sentence):
    from prefect.settings import PREFECT_API_KEY, PREFECT_API_URL, temporary_settings

    url = answering(status, body)
    monkeypatch.setenv("PREFECT_API_URL", url)
    with (
        temporary_settings({PREFECT_API_URL: url, PREFECT_API_KEY: "pnu_hidden"}),
        pytest.raises(server.ServerError) as caught,
    ):
        server.check_api()
    said = str(caught.value)
    assert sentence in said and "hunter2" not in said and "pnu_" not in said


def test_a_given_server_that_refuses_is_said_in_one_line(answering, run_python):
    url = answering(401)
    failed = run_python("-m", "workbook.cli", "server", "start", PREFECT_API_URL=url, PREFECT_API_KEY="pnu_hidden")
    assert failed.returncode == 1
    assert "refused PREFECT_API_KEY (401)" in failed.stderr and len(failed.stderr.splitlines()) == 1
    assert "hunter2" not in failed.stderr + failed.stdout and "pnu_" not in failed.stderr + failed.stdout


@pytest.mark.slow
@pytest.mark.parametrize("accepts", [False, True])
def test_a_given_server_that_does_not_answer(run_python, accepts):
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections and never says a word
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/api"
        if not accepts:
            deaf.close()
        failed = run_python("-m", "workbook.cli", "server", "start", PREFECT_API_URL=url)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"Error: No Prefect server answers at {url}")
    assert "unset PREFECT_API_URL" in failed.stderr and len(failed.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "url", ["nonsense", "http://[bad", "http://host:port/api", "ftp://127.0.0.1/api", "http:///api"]
)
def test_an_address_that_is_none_is_said(run_python, url):
    failed = run_python("-m", "workbook.cli", "server", "start", PREFECT_API_URL=url)
    assert failed.returncode == 1
    assert "PREFECT_API_URL is not a web address" in failed.stderr and len(failed.stderr.splitlines()) == 1


def test_a_given_server_wins_and_is_said(prefect_server, run_python):
    own = {"WORKBOOK_STARTED_URL": None, "PREFECT_API_URL": prefect_server.api_url}
    said = run_python("-m", "workbook.cli", "server", "start", **own)
    assert said.stdout.strip() == f"Prefect server: {prefect_server.api_url} (from PREFECT_API_URL)", said.stderr


def test_blanks_and_a_slash_around_an_address_do_no_harm(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", " http://127.0.0.1:4299/api/ ")
    assert server.given_url() == "http://127.0.0.1:4299/api"


@pytest.mark.slow
@pytest.mark.parametrize("key", ["pnu_hidden\n", "pnu_hiddén"])
def test_a_key_that_cannot_be_sent_is_said(prefect_server, run_python, key):
    given = {"PREFECT_API_URL": prefect_server.api_url, "WORKBOOK_STARTED_URL": None, "PREFECT_API_KEY": key}
    failed = run_python("-m", "workbook.cli", "server", "start", **given)
    assert failed.returncode == 1 and "copy it again" in failed.stderr and "pnu_" not in failed.stderr


def test_prefect_imported_too_early_is_said(prefect_server, run_python):
    program = "import prefect; from workbook import server; server.ensure()"
    environment = OWN | {"WORKBOOK_HOME": os.environ["WORKBOOK_HOME"]}
    failed = run_python("-c", program, **environment)
    assert "restart the kernel (or the script)" in failed.stderr


def test_the_learners_own_profile_is_left_alone(prefect_server, run_python, tmp_path):
    profiles = tmp_path / "profiles.toml"
    profiles.write_text('active = "cloud"\n[profiles.cloud]\nPREFECT_API_URL = "https://api.prefect.cloud/api/x"\n')
    program = (
        "from workbook import server; server.ensure()\n"
        "from prefect.settings import PREFECT_API_URL, PREFECT_HOME\n"
        "print(PREFECT_API_URL.value(), PREFECT_HOME.value())"
    )
    environment = OWN | {"PREFECT_HOME": str(tmp_path), "PREFECT_PROFILE": "cloud", "HOME": str(tmp_path)}
    said = run_python("-c", program, **environment)
    assert said.stdout.splitlines()[-1] == f"{prefect_server.api_url} {os.environ['WORKBOOK_HOME']}/prefect", (
        said.stderr
    )
    assert [path.name for path in tmp_path.iterdir()] == ["profiles.toml"]


def test_importing_the_workbook_does_not_import_prefect(run_python):
    said = run_python("-c", "import workbook, sys; workbook.server; print([m for m in sys.modules if m == 'prefect'])")
    assert said.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_request_that_is_cut_off_does_not_lose_the_database(tmp_path, monkeypatch):
    """Prefect gives this URL one connection, which is lost with the request that has it, and the records are not.

    Which connections Prefect makes is its own affair (hence the private import), and all that the URL is made for.
    """
    from prefect.server.database.configurations import AioSqliteConfiguration

    async def cut_off() -> tuple[int, int]:
        url = server.SERVER_SETTINGS["PREFECT_API_DATABASE_CONNECTION_URL"]
        engine = await AioSqliteConfiguration(connection_url=url).engine()
        assert engine.pool.size() == 1 and engine.pool._max_overflow == 0
        begun, former = asyncio.Event(), []

        async def request() -> None:
            async with engine.connect() as connection:
                former.append((await connection.get_raw_connection()).driver_connection)
                begun.set()
                while True:
                    await connection.execute(text("INSERT INTO kept VALUES (2)"))

        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE kept (number)"))
            await connection.execute(text("INSERT INTO kept VALUES (1)"))
        for _ in range(20):
            running = asyncio.create_task(request())
            await begun.wait()
            begun.clear()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        async with engine.connect() as connection:
            found = (await connection.execute(text("SELECT count(*) FROM kept"))).scalar()
        await engine.dispose()
        return found, len(set(map(id, former)))

    monkeypatch.chdir(tmp_path)
    kept, connections = asyncio.run(cut_off())
    assert kept == 1 and connections > 1
    assert (tmp_path / server.DATABASE).exists()
