"""The life of the local server, and what is said when a server cannot be used."""

import asyncio
import contextlib
import functools
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
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from sqlalchemy import text

from conftest import CHECKOUT, free_port, put_tables
from workbook.prefect_server import connection, local, own, process, settings

OWN = {"PREFECT_API_URL": None, "WORKBOOK_STARTED_URL": None, "PREFECT_HOME": None}  # as on a learner's machine


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout's home of its own; whatever server is recorded there is ended after the test."""
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    yield tmp_path
    local.stop()


def test_life_of_a_server(home, run_python):
    """Two processes that start it at once share one; later ones reuse it; a dead one is replaced; stop ends it."""
    start = functools.partial(run_python, "-m", "workbook.cli", "server", "start", **OWN)
    with ThreadPoolExecutor(2) as pool:
        racers = [racer.result() for racer in [pool.submit(start) for _ in range(2)]]
    assert [racer.returncode for racer in racers] == [0, 0], racers
    assert len({re.search(r"http://\S+/api", racer.stdout + racer.stderr)[0] for racer in racers}) == 1
    first = local.read_record()
    with contextlib.closing(sqlite3.connect(local.empty_database())) as kept:  # what later ones begin with
        assert kept.execute("SELECT count(*) FROM flow_run").fetchall() == [(0,)]
    running = psutil.Process(first.pid)
    assert local.status() == (first, "running")
    assert [s.laddr.ip for s in running.net_connections() if s.status == "LISTEN"] == ["127.0.0.1"]

    again = start()
    assert first.api_url in again.stdout and local.read_record() == first

    running.send_signal(signal.SIGKILL)
    running.wait(10)
    assert local.status() == (first, "stale")
    with socket.create_server(("127.0.0.1", first.port)):  # and its port is now somebody else's
        replaced = start()
        assert replaced.returncode == 0, replaced.stderr
        second = local.read_record()
        assert second.port != first.port and second.pid != first.pid

    stopped = run_python("-m", "workbook.cli", "server", "stop", **OWN)
    assert second.api_url in stopped.stdout
    assert not psutil.pid_exists(second.pid) and process.port_is_free(second.port)
    assert local.status() == (None, "stopped")


def test_a_reused_process_id_is_not_our_server(home):
    mine = psutil.Process()
    (home / "server.json").write_text(
        json.dumps({"pid": mine.pid, "create_time": mine.create_time() - 60, "port": 4200}), encoding="utf-8"
    )
    assert local.status()[1] == "stale"
    assert local.stop() is None  # and nothing was killed: this test goes on
    assert local.read_record() is None


def test_a_server_that_hangs_is_seen_and_stopped(home):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as hung:
        (home / "server.json").write_text(
            json.dumps({"pid": hung.pid, "create_time": psutil.Process(hung.pid).create_time(), "port": 4200}),
            encoding="utf-8",
        )
        assert local.status()[1] == "not answering"
        assert local.stop().pid == hung.pid
        assert not psutil.pid_exists(hung.pid)


def test_a_server_that_graded_answers_is_stopped_and_named_too(home):
    (home / "grading-0").mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as graded:
        record = {"pid": graded.pid, "create_time": psutil.Process(graded.pid).create_time(), "port": 4201}
        (home / "grading-0" / "server.json").write_text(json.dumps(record), encoding="utf-8")
        assert local.stop().pid == graded.pid
        assert not psutil.pid_exists(graded.pid)


@pytest.mark.parametrize("content", ["", "{", '{"pid": 1}', "[]"])
def test_a_damaged_record_is_as_good_as_none(home, content):
    (home / "server.json").write_text(content, encoding="utf-8")
    assert local.status() == (None, "stopped")


@pytest.mark.second
def test_a_start_that_fails_shows_the_log_and_the_remedy(home, run_python, tmp_path_factory):
    broken = tmp_path_factory.mktemp("broken")  # as an unpinned install is: the server dies at import
    (broken / "fastapi.py").write_text(
        "raise TypeError(\"Body() got an unexpected keyword argument 'min_items'\")\n", encoding="utf-8"
    )
    failed = run_python("-m", "workbook.cli", "server", "start", PYTHONPATH=str(broken), **OWN)
    assert failed.returncode == 1
    assert "stopped while starting: run `workbook doctor`" in failed.stderr
    assert "unexpected keyword argument 'min_items'" in failed.stderr
    assert local.read_record() is None


@pytest.mark.second
@pytest.mark.parametrize("says", ["prefect", pytest.param("asyncio", marks=pytest.mark.slow)])
def test_a_port_that_another_program_took_during_the_start_leads_to_another_port(home, monkeypatch, says):
    """It looks free before the start and after it, so only the log of the server that died shows the race."""
    put_tables(local.empty_database())
    monkeypatch.setattr(local, "FIRST_PORT", free_port())
    monkeypatch.setattr(process, "port_is_free", lambda port: True)
    real = local._spawn

    def spawn(port: int, settings: dict[str, str]) -> psutil.Popen:
        if says == "prefect" or port != local.FIRST_PORT:
            return real(port, settings)
        # uvicorn's, if the port is taken after Prefect has looked at it
        binds = f"import asyncio; asyncio.run(asyncio.start_server(print, '127.0.0.1', {port}))"
        with local.log_file().open("wb") as log:
            return psutil.Popen([sys.executable, "-c", binds], stderr=log)

    monkeypatch.setattr(local, "_spawn", spawn)
    with socket.create_server(("127.0.0.1", local.FIRST_PORT)):
        assert local.start().port > local.FIRST_PORT
    assert local.status()[1] == "running"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, one of two servers loses its port and takes the next")
def test_servers_that_start_at_the_same_moment_take_different_ports(home, monkeypatch):
    """The port of the first is free until it has loaded; the other doesn't try it, and so starts only once."""
    spawned = []
    monkeypatch.setattr(local, "FIRST_PORT", free_port())
    monkeypatch.setattr(local, "_start_on", lambda port, settings: spawned.append(port) or local.Record(1, 1.0, port))
    with process.reserved(local.FIRST_PORT) as is_ours:
        assert is_ours
        assert local._start_on_a_free_port({}).port > local.FIRST_PORT
    assert local._start_on_a_free_port({}).port == local.FIRST_PORT
    assert len(spawned) == 2


@pytest.mark.slow
def test_a_damaged_empty_database_fails_one_start_only(home, run_python):
    local.empty_database().write_text("no database", encoding="utf-8")
    failed = run_python("-m", "workbook.cli", "server", "start", **OWN)
    assert failed.returncode == 1 and "file is not a database" in failed.stderr
    assert not local.empty_database().exists()


@pytest.mark.slow
def test_a_start_by_another_process_that_does_not_end_is_said(home, monkeypatch):
    monkeypatch.setattr(local, "LOCK_SECONDS", 0.1)
    holding = f"import filelock\nwith filelock.FileLock({str(home / 'server.lock')!r}): print('held'); input()"
    command = [sys.executable, "-u", "-c", holding]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(local.ServerError, match="Another process has been starting the local server"):
            local.start()
        other.communicate("\n")


def test_a_disk_that_is_full_when_a_database_is_kept_is_said(home, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(local, "_start_on_a_free_port", full)
    with pytest.raises(local.ServerError, match=r"cannot be written \(database or disk is full\): free space"):
        local.start()


@pytest.mark.slow
def test_an_interrupt_while_it_starts_leaves_nothing(home):
    environment = {k: v for k, v in os.environ.items() if k not in OWN}
    program = [sys.executable, "flows/prefect_flow.py"]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell all are deaf to it
    with subprocess.Popen(program, cwd=CHECKOUT, env=environment, stderr=subprocess.PIPE, text=True) as starting:
        while not (record := local.read_record()):
            assert starting.poll() is None
            time.sleep(0.01)
        starting.send_signal(signal.SIGINT)
        said = starting.communicate(timeout=60)[1]
    assert starting.returncode == 130, said
    assert said.splitlines()[-1] == "Interrupted." and "Traceback" not in said
    assert not psutil.pid_exists(record.pid) and local.read_record() is None


CERTIFICATES = """
import os
import ssl
from workbook.prefect_server import connection

def named(url):
    connection.set_api_url(url)
    return os.environ.get("PREFECT_API_SSL_CERT_FILE")

few = named("http://127.0.0.1:4200/api")
print(len(ssl.create_default_context(cafile=few).get_ca_certs()), named("https://prefect.example/api"))
os.environ["PREFECT_API_SSL_CERT_FILE"] = "own.pem"
print(named("http://127.0.0.1:4200/api"), named("https://prefect.example/api"))
"""


def test_only_an_api_on_loopback_is_trusted_with_one_certificate(run_python):
    ran = run_python("-c", CERTIFICATES)
    assert ran.stdout.splitlines() == ["1 None", "own.pem own.pem"], ran.stderr


@pytest.mark.second
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
    (tmp_path / "file").write_text("", encoding="utf-8")
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


@pytest.mark.second
@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, b"{}", "refused PREFECT_API_KEY (401): set it to the right key"),
        (403, b"{}", "refused PREFECT_API_KEY (403)"),
        (404, b"{}", "answers, but isn't a Prefect API (404)"),
        (200, b"<html>", "answers, but isn't a Prefect API"),
        (503, b"{}", "answers, but isn't a Prefect API (503)"),
    ],
)
def test_a_given_server_that_cannot_be_used(answering, monkeypatch, status, body, sentence):
    from prefect.settings import PREFECT_API_KEY, PREFECT_API_URL, temporary_settings

    url = answering(status, body)
    monkeypatch.setenv("PREFECT_API_URL", url)
    with (
        temporary_settings({PREFECT_API_URL: url, PREFECT_API_KEY: "pnu_hidden"}),
        pytest.raises(local.ServerError) as caught,
    ):
        connection.check_api()
    said = str(caught.value)
    assert sentence in said and "hunter2" not in said and "pnu_" not in said


@pytest.mark.second
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
    assert "PREFECT_API_URL must be a web address" in failed.stderr and len(failed.stderr.splitlines()) == 1


@pytest.mark.second
def test_a_given_server_wins_and_is_said(prefect_server, run_python):
    own = {"WORKBOOK_STARTED_URL": None, "PREFECT_API_URL": prefect_server.api_url}
    said = run_python("-m", "workbook.cli", "server", "start", **own)
    assert said.stdout.strip() == f"Prefect server: {prefect_server.api_url} (from PREFECT_API_URL)", said.stderr


def test_blanks_and_a_slash_around_an_address_do_no_harm(monkeypatch):
    monkeypatch.setenv("PREFECT_API_URL", " http://127.0.0.1:4299/api/ ")
    assert connection.given_url() == "http://127.0.0.1:4299/api"


@pytest.mark.slow
@pytest.mark.parametrize("key", ["pnu_hidden\n", "pnu_hiddén"])
def test_a_key_that_cannot_be_sent_is_said(prefect_server, run_python, key):
    given = {"PREFECT_API_URL": prefect_server.api_url, "WORKBOOK_STARTED_URL": None, "PREFECT_API_KEY": key}
    failed = run_python("-m", "workbook.cli", "server", "start", **given)
    assert failed.returncode == 1 and "copy it again" in failed.stderr and "pnu_" not in failed.stderr


@pytest.mark.second
def test_prefect_imported_too_early_is_said(prefect_server, run_python):
    program = "import prefect; from workbook import server; server.ensure()"
    environment = OWN | {"WORKBOOK_HOME": os.environ["WORKBOOK_HOME"]}
    failed = run_python("-c", program, **environment)
    assert "restart the kernel (or the script)" in failed.stderr


def test_the_learners_own_profile_is_left_alone(prefect_server, run_python, tmp_path):
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        'active = "cloud"\n[profiles.cloud]\nPREFECT_API_URL = "https://api.prefect.cloud/api/x"\n', encoding="utf-8"
    )
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
        url = settings.SERVER_SETTINGS["PREFECT_API_DATABASE_CONNECTION_URL"]
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
    assert (tmp_path / settings.DATABASE).exists()


# ----------------------------------------
# A server that stops while it is used

STOPS = """
import os, sys
import psutil
from workbook import observe, server
from workbook.prefect_server import local

def kill():
    process = psutil.Process(local.read_record().pid)
    process.kill()
    process.wait(10)

def said(function, *arguments):
    try:
        return function(*arguments)
    except server.ServerError as error:
        return str(error)

local.FIRST_PORT = int(sys.argv[2])
server.ensure()
from prefect import flow, task
from workbook.limits import read_limit

@task
def one():
    return 1

@flow
def three():
    return sum(future.result() for future in [one.submit() for _ in range(3)])

def seen():
    return len(observe(three).timeline)

print("begun", seen())
first = local.read_record()
kill()
print("killed", said(observe, three), said(read_limit, "database"))

os.environ["WORKBOOK_HOME"], home = sys.argv[1], os.environ["WORKBOOK_HOME"]
local.FIRST_PORT, port = first.port, local.FIRST_PORT
other = local.start()
os.environ["WORKBOOK_HOME"], local.FIRST_PORT = home, port
print("same port", other.port == first.port, said(observe, three), said(read_limit, "database"))

server.ensure()
print("another port", local.read_record().port != first.port, seen(), read_limit("database"))

second = local.read_record()
kill()
local.FIRST_PORT = second.port
local.start()
print("begun by somebody", said(observe, three))
server.ensure()
print("the same port again", local.read_record().port == second.port, seen())

os.environ["WORKBOOK_HOME"], home = sys.argv[1], os.environ["WORKBOOK_HOME"]
local.stop()
os.environ["WORKBOOK_HOME"] = home
"""
STOPPED = "The Prefect server has stopped: start it with `workbook server start`, and run this again."


def test_a_server_is_known_by_its_process(home, monkeypatch):
    """An address proves nothing: another checkout's server may have taken it."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.setattr(own, "_used", None)
    for name in ("PREFECT_API_URL", "WORKBOOK_STARTED_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:4299/api")
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running,
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4299/api"}),
    ):
        record = {"pid": running.pid, "create_time": psutil.Process(running.pid).create_time(), "port": 4299}
        for other in ({"port": 4298}, {"create_time": 0.0}, {"pid": os.getpid()}):
            (home / "server.json").write_text(json.dumps(record | other), encoding="utf-8")
            with pytest.raises(local.ServerError, match="The Prefect server has stopped"):
                own.look()
        (home / "server.json").write_text(json.dumps(record), encoding="utf-8")
        own.look()
        monkeypatch.setattr(own, "_used", local.Record(**record | {"pid": os.getpid()}))
        with pytest.raises(
            local.ServerError, match="The Prefect server has stopped"
        ):  # begun by somebody else in its place
            own.look()
        with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:4298/api"}):
            own.look()  # another one is in use, as in prefect_test_harness()
        monkeypatch.delenv("WORKBOOK_STARTED_URL")
        own.look()  # one that was given is not looked at
        local.stop()


@pytest.mark.slow
def test_a_server_that_has_stopped_is_said_and_a_new_one_takes_its_place(home, run_python, tmp_path_factory):
    """Nor is another checkout's server used, which has taken its port; all records of the next run are there."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for folder in (home, elsewhere):
        put_tables(folder / local.empty_database().name)
    ran = run_python("-c", STOPS, str(elsewhere), str(free_port()), **OWN)
    assert ran.returncode == 0, ran.stderr
    assert [line for line in ran.stdout.splitlines() if not line.startswith("Prefect server:")] == [
        "begun 3",
        f"killed {STOPPED} {STOPPED}",
        f"same port True {STOPPED} {STOPPED}",
        "another port True 3 None",
        f"begun by somebody {STOPPED}",
        "the same port again True 3",
    ]


GIVEN = """
import psutil
from workbook import observe, server
from workbook.prefect_server import local
server.ensure()
from prefect import flow

@flow
def stops():
    psutil.Process(local.read_record().pid).kill()

for _ in range(2):
    try:
        observe(stops) if local.status()[1] == "running" else observe(flow(lambda: 1, name="next"))
    except server.ServerError as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("given", [False, True])
def test_a_server_that_stops_during_a_run_is_said(home, run_python, given):
    put_tables(local.empty_database())
    record = local.start()
    named = {"PREFECT_API_URL": record.api_url} if given else {}
    ran = run_python("-c", GIVEN, **OWN | named | {"PREFECT_CLIENT_MAX_RETRIES": "0"})
    assert ran.returncode == 0, ran.stderr
    sentence = (
        f"No Prefect server answers at {record.api_url} (ConnectError): correct PREFECT_API_URL" if given else STOPPED
    )
    lines = ran.stdout.splitlines()[1:]
    assert len(lines) == 2 and all(line.startswith(sentence) for line in lines), ran.stdout + ran.stderr


CELLS = [
    "from workbook import observe, server\nserver.ensure()\nfrom prefect import flow\n@flow\ndef one(): return 1",
    "import psutil\nfrom workbook.prefect_server import local\npsutil.Process(local.read_record().pid).kill()",
    "observe(one)",
    "one()",
    "1 / 0",
    "server.ensure()\nprint(observe(one).result)",
]


@pytest.mark.slow
def test_in_a_notebook_the_first_cell_is_run_again(home, monkeypatch):
    put_tables(local.empty_database())
    for name in OWN:
        monkeypatch.delenv(name, raising=False)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    NotebookClient(notebook, timeout=None, kernel_name="python3", allow_errors=True).execute()
    errors = [[out for out in cell.outputs if out.output_type == "error"] for cell in notebook.cells]
    stopped = "The Prefect server has stopped: run the first cell again."
    assert [[out.traceback for out in found] for found in errors[2:4]] == [[[stopped]], [[stopped]]]
    assert errors[4][0].ename == "ZeroDivisionError" and len(errors[4][0].traceback) > 1
    assert not errors[5] and notebook.cells[5].outputs[-1].text.endswith("1\n")
