"""The local Prefect server of this checkout: start it, find it again, stop it.

One server on 127.0.0.1 serves every flow, notebook and test of the checkout. It keeps everything under `.workbook/`.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import filelock
import psutil

from workbook.paths import command, home, in_notebook
from workbook.prefect_server import process
from workbook.prefect_server.settings import DATABASE, SERVER_SETTINGS

FIRST_PORT = 4200
START_SECONDS = 120  # of CPU time for a start, or without any: on a busy machine only the clock goes on
LOCK_SECONDS = 600  # for another process that is starting the server
STOP_SECONDS = 15  # to shut down by itself, before it is killed
ANSWER_SECONDS = 30  # for a server that has accepted the connection but is busy
PORT_TAKEN = ("is already in use", "attempting to bind on address")  # Prefect's and asyncio's words in the log


class ServerError(Exception):
    """A server could not be started, found or used; the message is one sentence that says what to do."""

    def _render_traceback_(self) -> list[str]:  # a notebook shows this sentence, without a traceback
        return [str(self)]


@dataclass(frozen=True)
class Record:
    """The server process that this checkout started. A process id alone may be reused; with its start it is not."""

    pid: int
    create_time: float  # seconds since the epoch
    port: int

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def ui_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def log_file() -> Path:
    return home() / "server.log"


def start(**settings: str) -> Record:
    """Return the running local server, and start it if needed; processes that do so at the same time share one.

    Args:
        settings: more of Prefect's settings for a server that is started.

    Raises:
        ServerError: it could not be started; the message ends with the last lines of its log.
    """
    record, state = status()
    if state == "running":
        return record
    with plain_disk_errors():
        home().mkdir(parents=True, exist_ok=True)
        try:
            with (
                _spinner("Starting the local Prefect server (usually 5 to 25 seconds)"),
                filelock.FileLock(home() / "server.lock", timeout=LOCK_SECONDS),
            ):
                return _running() or _start_on_a_free_port(settings)
        except filelock.Timeout:
            raise ServerError(
                "Another process has been starting the local server for ten minutes: end that server with "
                f"{command('server stop')}, and try again."
            ) from None


def stop() -> Record | None:
    """End the local server and those that grade answers, and forget them.

    Returns:
        The local server, if it was running; or else one that graded answers, if there was one.
    """
    stopped = [_stop(folder) for folder in (home(), *home().glob("grading-*"))]
    return next(filter(None, stopped), None)


def _stop(folder: Path) -> Record | None:
    record = read_record(folder)
    if record is None:
        return None
    server = process.find(record.pid, record.create_time)
    if server is not None:
        _end(server, STOP_SECONDS)
    _record_file(folder).unlink(missing_ok=True)
    return record if server is not None else None


def status() -> tuple[Record | None, str]:
    """The local server, if one is recorded, and its state: "running", "not answering", "stale" or "stopped"."""
    record = read_record()
    if record is None:
        return None, "stopped"
    server = process.find(record.pid, record.create_time)
    if server is None:
        return record, "stale"
    return record, "running" if _answers(server, record) else "not answering"


def is_alive(record: Record) -> bool:
    """Whether the process of a recorded server is running; it may not answer."""
    return process.find(record.pid, record.create_time) is not None


def read_record(folder: Path | None = None) -> Record | None:
    """The server that is recorded in a folder, by default the learner's."""
    try:
        return Record(**json.loads(_record_file(folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # missing, half-written, or from another version
        return None


def _running() -> Record | None:
    """The recorded server once it answers; if it is dead or hangs, None, and the process and its record are gone."""
    record = read_record()
    if record is None:
        return None
    server = process.find(record.pid, record.create_time)
    if server is not None:
        # It may have been started a moment ago by a process that died before it could wait.
        young = time.time() - record.create_time < START_SECONDS
        if _answers(server, record) or (young and _wait_until_it_answers(server, record)):
            return record
        _end(server, STOP_SECONDS)
    _record_file().unlink(missing_ok=True)
    return None


def _start_on_a_free_port(settings: dict[str, str]) -> Record:
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with process.reserved(port) as is_ours:
            if is_ours and (record := _start_on(port, settings)):
                return record
    raise ServerError(
        f"Ports {FIRST_PORT} to {FIRST_PORT + 99} are all taken: end a program that uses one, and try again."
    )


def _start_on(port: int, settings: dict[str, str]) -> Record | None:
    """Start the server on this port. Return None if another program took the port in the meantime."""
    server = _spawn(port, settings)
    record = Record(server.pid, server.create_time(), port)
    try:
        _record_file().write_text(json.dumps(asdict(record)), encoding="utf-8")
        if _wait_until_it_answers(server, record):
            _keep_empty_database()
            return record
    except BaseException:  # an interrupt too: nothing half-started may stay behind
        _forget(server)
        raise
    died = not process.alive(server)
    _forget(server)
    if died and _lost_the_port(port):
        return None
    empty_database().unlink(missing_ok=True)  # in case it is damaged: the next start makes it anew
    raise ServerError(_why_it_failed(died))


def _lost_the_port(port: int) -> bool:
    """Whether another program took the port after it was found free. It may have released it since: ask the log too."""
    log = log_file().read_text(encoding="utf-8", errors="replace")
    return not process.port_is_free(port) or any(words in log for words in PORT_TAKEN)


def _spawn(port: int, settings: dict[str, str]) -> psutil.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= SERVER_SETTINGS | settings | {"PREFECT_HOME": str(home() / "prefect"), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    for former in home().glob(f"{DATABASE}*"):
        former.unlink()  # every server starts with an empty one
    if empty_database().exists():
        shutil.copyfile(empty_database(), home() / DATABASE)
    with log_file().open("wb") as log:
        return psutil.Popen(
            command,
            cwd=home(),  # Prefect reads .env and prefect.toml of the folder it starts in: not the learner's
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **process.APART,
        )


def empty_database() -> Path:
    """A database of this version of Prefect without runs: making its tables takes most of the time of a start."""
    return home() / f"empty-{metadata.version('prefect')}.db"


def _keep_empty_database() -> None:
    """Keep the database of a server that has just started and has no runs yet, for later servers to start with."""
    if empty_database().exists():
        return
    part = empty_database().with_suffix(".part")
    part.unlink(missing_ok=True)  # left by a process that was killed here
    with contextlib.closing(sqlite3.connect(home() / DATABASE)) as database:
        database.execute("VACUUM INTO ?", (str(part),))
    part.replace(empty_database())


def _wait_until_it_answers(server: psutil.Popen | psutil.Process, record: Record) -> bool:
    """Wait until it answers, has died, or hangs."""
    used, moved = 0.0, time.monotonic()
    while process.alive(server) and used < START_SECONDS and time.monotonic() - moved < START_SECONDS:
        if _answers(server, record):
            return True
        time.sleep(0.1)  # a server can't be waited on, only asked again
        if (now := process.cpu_seconds(server)) > used:
            used, moved = now, time.monotonic()
    return False


@contextlib.contextmanager
def _spinner(text: str) -> Iterator[None]:
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal and not in_notebook():
        with console.status(f"{text} …"):
            yield
    else:
        print(f"{text} …", file=sys.stdout if in_notebook() else sys.stderr, flush=True)
        yield


def _answers(server: psutil.Process, record: Record) -> bool:
    """Whether this very process listens and is healthy: another checkout's server would answer as well."""
    if not process.is_open(record.port) or not process.listens(server, record.port):
        return False
    try:
        with urllib.request.urlopen(f"{record.api_url}/health", timeout=ANSWER_SECONDS) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _end(server: psutil.Process, wait_seconds: float) -> None:
    try:
        process.terminate(server, wait_seconds)
    except psutil.AccessDenied:
        raise ServerError(
            f"The server's process {server.pid} belongs to another user, so you can't end it: "
            "set WORKBOOK_HOME to a folder of your own."
        ) from None


def _forget(server: psutil.Process) -> None:
    _end(server, 5)
    _record_file().unlink(missing_ok=True)


def _why_it_failed(died: bool) -> str:
    lines = log_file().read_text(encoding="utf-8", errors="replace").splitlines()
    tail = "\n".join(f"    {line}" for line in lines[-12:])
    happened = "stopped while starting" if died else "did not answer"
    return (
        f"The local Prefect server {happened}: run {command('doctor')} to see what is wrong. "
        f"The last lines of {log_file()}:\n{tail}"
    )


@contextlib.contextmanager
def plain_disk_errors() -> Iterator[None]:
    """Say in one sentence what kept a file of the workbook's from being written, and how to have them elsewhere."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServerError(
            f"{home()} cannot be written ({reason}): free space, fix its permissions, or set WORKBOOK_HOME to a folder "
            "of your own."
        ) from None


def _record_file(folder: Path | None = None) -> Path:
    return (folder or home()) / "server.json"
