"""What the parts run in: the machine, servers, databases and throw-away environments, all ended by their `with` blocks.

They are those of the production tests, in the benchmark's temporary folder; a missing service is `NotRun`.
"""

import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis
import sqlalchemy

from conftest import put_tables
from tests import production
from workbook.paths import ROOT
from workbook.prefect_server.settings import DATABASE, SERVER_SETTINGS, one_authority

SLOT_WAIT = "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS"
INSTALL_SECONDS = 300


class NotRun(Exception):
    """Something could not be measured here; the message is the reason."""


def machine() -> dict[str, str | int | float]:
    """What a reader must know about this machine to compare with it."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(FileNotFoundError):  # on Linux it says more
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), model)
    return {
        "date": datetime.date.today().isoformat(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": model,
        "cpus": psutil.cpu_count(),
        "gigabytes": round(psutil.virtual_memory().total / 1e9, 1),
        "load": psutil.getloadavg()[0],
    }


def versions() -> dict[str, str]:
    """Of Python, the packages that are measured here, and the services; throw-away environments add theirs."""
    found = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    for package in ("prefect", "distributed"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    with contextlib.suppress(redis.exceptions.RedisError), redis.Redis() as client:
        found["Redis"] = client.info()["redis_version"]
    url = sqlalchemy.make_url(production.POSTGRES).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, connect_args={"connect_timeout": 5})
    with contextlib.suppress(sqlalchemy.exc.OperationalError), engine.connect() as connection:
        found["PostgreSQL"] = connection.execute(sqlalchemy.text("SHOW server_version")).scalar_one().split()[0]
    engine.dispose()
    return found


def clean_environment(folder: Path, **settings: str) -> dict[str, str]:
    """An environment in which nothing outside of `folder` is written, and no setting of yours changes a duration."""
    found = production.clean_environment(folder, WORKBOOK_HOME=str(folder / "workbook"), **settings)
    found.pop("WORKBOOK_TIME_SCALE", None)
    found["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(__file__).parent / "snippets")])
    return found


@contextlib.contextmanager
def stock_server(folder: Path) -> Iterator[production.Server]:
    """`prefect server start` as it is installed: a SQLite file, and every setting at its default, also the client's."""
    with production.prefect_server_in(_made(folder)) as server:
        yield server


@contextlib.contextmanager
def workbook_server(folder: Path, **settings: str) -> Iterator[production.Server]:
    """A server and clients with the settings of the workbook's own."""
    put_tables(_made(folder) / DATABASE)
    with production.prefect_server_in(folder, **SERVER_SETTINGS | settings) as server:
        yield _as_the_workbook(server)


@contextlib.contextmanager
def postgresql_server(folder: Path) -> Iterator[production.Server]:
    """The same on PostgreSQL, in its own database, which is dropped at the end."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(production.postgresql_database())
        except pytest.skip.Exception as reason:
            raise NotRun(str(reason)) from None
        address = url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        settings = {"PREFECT_API_DATABASE_CONNECTION_URL": address}
        server = production.prefect_server_in(_made(folder), **SERVER_SETTINGS | settings)
        yield _as_the_workbook(stack.enter_context(server))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _as_the_workbook(server: production.Server) -> production.Server:
    server.environment |= {
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_API_SSL_CERT_FILE": str(one_authority()),
    }
    return server


@contextlib.contextmanager
def redis_database() -> Iterator[str]:
    """The address of an empty database of the Redis on loopback, which is emptied at the end."""
    try:
        for number in range(15, 0, -1):
            client = redis.Redis(db=number)
            if client.dbsize() == 0:
                break
        else:
            raise NotRun("no database of the Redis on 127.0.0.1:6379 is empty")
    except redis.exceptions.RedisError as error:
        raise NotRun(f"no Redis answers on 127.0.0.1:6379 ({error})") from None
    try:
        yield f"redis://127.0.0.1:6379/{number}"
    finally:
        client.flushdb()
        client.close()


def throw_away_python(
    folder: Path, packages: tuple[str, ...], also: tuple[str, ...] = ("sqlalchemy", "filelock")
) -> tuple[Path, dict[str, str]]:
    """A Python in `folder` with these packages and what else they need (what `timed.py` does), and their versions."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if shutil.which("uv"):
        commands = [
            ["uv", "venv", "--quiet", "--python", sys.executable, str(folder)],
            ["uv", "pip", "install", "--quiet", "--python", str(python), *packages, *also],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", *packages, *also],
        ]
    for command in commands:
        call(command, dict(os.environ), folder.parent, INSTALL_SECONDS)
    names = [package.partition("[")[0] for package in packages]
    code = f"import json, importlib.metadata as m; print(json.dumps({{n: m.version(n) for n in {names}}}))"
    return python, json.loads(call([str(python), "-c", code], dict(os.environ), folder.parent, 60))


def call(command: list[str], environment: dict[str, str], folder: Path, seconds: float) -> str:
    """Run a command to its end; what it printed.

    Raises:
        NotRun: it is not there, failed, or did not end within `seconds`.
    """
    log = folder / "command.log"
    log.unlink(missing_ok=True)
    try:
        with production.started(command, log, environment, folder) as running:
            end(running, command, seconds)
            return running.printed()
    except FileNotFoundError:
        raise NotRun(f"{command[0]} was not found") from None


def end(running: production.Running, command: list[str], seconds: float) -> None:
    """Wait for the end of a program.

    Raises:
        NotRun: it failed, or did not end within `seconds`.
    """
    what = " ".join(Path(word).name for word in command[:4])
    try:
        code = running.process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise NotRun(f"`{what}` had not ended after {seconds:.0f} s") from None
    if code:
        lines = [line for line in running.printed().splitlines() if line.strip()]
        raise NotRun(f"`{what}` failed: {lines[-1].strip()[:200] if lines else f'exit code {code}'}")
