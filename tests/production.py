"""What the production tests start for real, each ended by the `with` block that started it: servers and workers."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.engine import URL

from conftest import CHECKOUT, free_port, put_tables
from workbook.prefect_server.settings import DATABASE, SERVER_SETTINGS

PREFECT = [sys.executable, "-m", "prefect"]
QUIET = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "NO_COLOR": "1", "COLUMNS": "200"}


@dataclass
class Running:
    """A process that a test started, with all its children, and what it printed."""

    process: subprocess.Popen
    log: Path

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def end(self, how: int = signal.SIGKILL) -> None:
        """End it and its children, and wait until they are gone; KILL is what a crash looks like from outside."""
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.send_signal(how)
            _, left = psutil.wait_procs(family, timeout=10)
            for member in left:
                member.kill()
        self.process.wait(10)


@dataclass
class Server(Running):
    """A Prefect server of its own; `environment` is what its clients need to reach it."""

    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def started(
    command: list[str], log: Path, environment: dict[str, str], cwd: Path | None = None, typed: bool = False
) -> Iterator[Running]:
    """Any program in the background; at the end it is gone with all its children.

    Args:
        typed: the test writes what the program reads; otherwise it finds the end of a file.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=cwd or log.parent, env=environment, stdout=output, stderr=output, start_new_session=True,
            stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
        )  # fmt: skip
    running = Running(process, log)
    try:
        yield running
    finally:
        running.end()


def clean_environment(folder: Path, **settings: str) -> dict[str, str]:
    """This process's environment without its Prefect settings, with a PREFECT_HOME in `folder`, and these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DATABASE_URL"))}
    python_path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
    return kept | {"PREFECT_HOME": str(folder / "prefect"), "PYTHONPATH": python_path} | QUIET | settings


@contextlib.contextmanager
def prefect_server_in(folder: Path, port: int | None = None, **settings: str) -> Iterator[Server]:
    """`prefect server start` with these settings, healthy; the same folder and port again is a restart.

    Args:
        folder: for its PREFECT_HOME and its log.
        port: on 127.0.0.1; a free one if none is given.
        settings: environment variables, as PREFECT_SERVER_DATABASE_CONNECTION_URL.
    """
    port = port or free_port()
    url = f"http://127.0.0.1:{port}/api"
    environment = clean_environment(folder, PREFECT_API_URL=url, **settings)
    if settings.items() >= SERVER_SETTINGS.items():
        put_tables(folder / DATABASE)
    elif not any(name.endswith("DATABASE_CONNECTION_URL") for name in settings):
        put_tables(Path(environment["PREFECT_HOME"]) / "prefect.db")
    command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui"]
    with started(command, folder / f"server-{port}.log", environment) as running:
        server = Server(running.process, running.log, url, environment)
        wait_for(lambda: _answers(f"{url}/health", running), lambda: f"no server came up:\n{running.printed()}")
        yield server


def _answers(url: str, running: Running) -> bool:
    assert running.process.poll() is None, f"it ended:\n{running.printed()}"
    with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return answer.status == 200
    return False


def prefect(*arguments: str, environment: dict[str, str], cwd: Path, code: int | None = 0) -> str:
    """A `prefect` command, to its end; what it printed.

    Args:
        code: the exit code that it must have; None allows any.
    """
    ran = subprocess.run(
        [*PREFECT, *arguments], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert code is None or ran.returncode == code, ran.stdout
    return ran.stdout


def wait_for(condition: Callable[[], object], otherwise: Callable[[], str] = lambda: "") -> None:
    """Look ten times a second until the condition holds; what hangs, pytest's own time limit ends.

    Args:
        condition: what to wait for.
        otherwise: the text that is printed if the wait was in vain.
    """
    try:
        while not condition():
            time.sleep(0.1)
    except BaseException:
        print(otherwise())
        raise


POSTGRES = os.environ.get("WORKBOOK_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextlib.contextmanager
def postgresql_database(password: str = "not-a-secret", connections: int = -1) -> Iterator[URL]:
    """A database on a real PostgreSQL, and the role that owns it, both of their own and both dropped at the end.

    Args:
        password: the role's.
        connections: how many the role may have at once; without bound by default.
    """
    address = sqlalchemy.make_url(POSTGRES)
    admin = sqlalchemy.create_engine(
        address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    name = f"workbook_{uuid.uuid4().hex[:8]}"
    try:
        connection = admin.connect()
    except sqlalchemy.exc.OperationalError as error:
        pytest.skip(f"No PostgreSQL answers at {address.render_as_string()}: {str(error.orig).splitlines()[0]}")
    with connection:
        try:
            connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' CONNECTION LIMIT {connections}"))
            connection.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
            yield address.set(username=name, password=password, database=name)
        finally:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE IF EXISTS {name}"))
    admin.dispose()


@contextlib.contextmanager
def postgresql_that_asks(password: str) -> Iterator[URL]:
    """A PostgreSQL cluster of its own on loopback that lets nobody in without a password, as those in production do.

    Args:
        password: of the role `postgres`, which owns it.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("initdb was not found: apt-get install postgresql")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="workbook-tests-postgresql-") as name:
        folder = Path(name)
        (folder / "password").write_text(password, encoding="utf-8")
        as_user = []
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            as_user = ["runuser", "-u", "postgres", "--"]
            for path in (folder, folder / "password"):
                shutil.chown(path, "postgres")
        data = str(folder / "data")
        command = [initdb, "-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", str(folder / "password")]
        subprocess.run([*as_user, *command, "--no-sync"], check=True, capture_output=True, cwd="/")
        server = [str(Path(initdb).with_name("postgres")), "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data]
        with started([*as_user, *server], folder / "postgresql.log", dict(os.environ)) as running:
            wait_for(lambda: "ready to accept connections" in running.printed(), running.printed)
            yield URL.create("postgresql", "postgres", password, "127.0.0.1", port, "postgres")


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis that keeps nothing; its address, as host:port."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    if importlib.util.find_spec("prefect_redis") is None:
        pytest.skip("prefect-redis is not installed: pip install -e '.[redis]'")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with started(command, folder / "redis.log", clean_environment(folder)) as running:
        wait_for(lambda: listens(port, running), running.printed)
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def nginx(folder: Path, configuration: str, port: int) -> Iterator[Running]:
    """A real nginx that keeps everything in `folder`; `configuration` is the inside of its `http` block.

    Args:
        port: one that it listens on, to know when it is up.
    """
    program = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    kept = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    file = folder / "nginx.conf"
    file.touch(mode=0o600)  # it may hold a key
    file.write_text(
        "\n".join([
            "daemon off; worker_processes 1;" + (" user root;" if os.geteuid() == 0 else ""),
            f"pid {folder}/nginx.pid; error_log {folder}/nginx-error.log info;",
            "events {}",
            "http {",
            f"access_log {folder}/nginx-access.log;",
            *kept,
            configuration,
            "}",
        ]), encoding="utf-8"
    )  # fmt: skip
    command = [program, "-e", str(folder / "nginx-error.log"), "-p", str(folder), "-c", str(file)]
    with started(command, folder / "nginx.log", dict(os.environ)) as running:
        wait_for(lambda: listens(port, running), running.printed)
        yield running


def nginx_of(guide: str, **instead: str) -> str:
    """The block of nginx in docs/<guide>.md, with what stands there replaced by what stands for it here."""
    text = (CHECKOUT / "docs" / f"{guide}.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```nginx\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    for there, here in instead.items():
        assert there in block, f"docs/{guide}.md no longer says {there}"
        block = block.replace(there, here)
    return block


def listens(port: int, running: Running) -> bool:
    """Does anything take connections on this port? The program that should must not have ended."""
    assert running.process.poll() is None, f"it ended:\n{running.printed()}"
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
