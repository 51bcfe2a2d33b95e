"""The local Prefect server of this checkout: start it, find it again, stop it.

One server on 127.0.0.1 serves every flow, notebook and test of the checkout. It keeps everything under `.workbook/`,
so the learner's own Prefect profile is neither read nor written. An explicit `PREFECT_API_URL` wins over it.

Prefect reads its settings when it is imported, so `ensure()` comes before the first `import prefect`.
"""

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import filelock
import psutil

ROOT = Path(__file__).resolve().parents[1]
FIRST_PORT = 4200
START_SECONDS = 120  # a first start takes 10 to 25 s on two cores, and later ones less; a slow laptop gets more
CHECK_SECONDS = 4  # to connect to a server
ANSWER_SECONDS = 30  # for a server that has taken the connection: a busy one answers later than an idle one

# What makes a tag limit honest on an embedded database (measured: PREFECT_FACTS.md). With several connections, taking a
# slot collides with the recorder of task runs, and every collision costs the client a back-off of seconds. Prefect has
# one connection only where ":memory:" is in the URL. A database that is really in memory would be gone with it, and who
# is cut off in the middle of a request takes it along: so the word is a parameter that SQLite ignores, and the database
# is a file where the server runs. Who waits for a slot asks again after 0.1 s instead of 10 s.
DATABASE = "prefect.db"
SERVER_SETTINGS = {
    "PREFECT_API_DATABASE_CONNECTION_URL": (
        f"sqlite+aiosqlite:///file:{DATABASE}?uri=true&check_same_thread=false&connections=:memory:"
    ),
    "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS": "0.1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}


class ServerError(Exception):
    """A server could not be started, found or used; the message is one sentence with its remedy."""


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


def home() -> Path:
    """The folder that holds everything the workbook keeps: `.workbook/` in the checkout, or `WORKBOOK_HOME`."""
    return Path(os.environ.get("WORKBOOK_HOME") or ROOT / ".workbook").absolute()


def log_file() -> Path:
    return home() / "server.log"


# ----------------------------------------
# For flows, notebooks and commands


def ensure(say: Callable[[str], None] | None = None) -> None:
    """Point this process at a Prefect server that answers; the local one is started when none is named.

    Args:
        say: called with one line on which server is used; prints to standard output if not given.

    Raises:
        ServerError: no server could be started, the one given does not answer or refuses, or Prefect has already been
            imported with another address.
    """
    say = say or print
    if "ipykernel" in sys.modules:  # a notebook shows what its cells are about; the web UI has every log line
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    if given := given_url():
        if not _is_web_address(given):
            raise ServerError(
                f"PREFECT_API_URL is not a web address ({_without_password(given)}): it looks like "
                "http://127.0.0.1:4200/api; correct it, or `unset PREFECT_API_URL` to use the workbook's own server."
            )
        point_at(given)
        check_api()
        say(f"Prefect server: {_without_password(given)} (from PREFECT_API_URL)")
    else:
        record = start()
        point_at(record.api_url)
        os.environ["WORKBOOK_STARTED_URL"] = record.api_url
        say(f"Prefect server: {record.api_url} (the workbook's own; web UI at {record.ui_url})")
    if "ipykernel" in sys.modules:
        from workbook.grader import of_this_process

        of_this_process().start()  # or the first check would wait for it


def ensure_or_exit() -> None:
    """`ensure()` for scripts: what stands in the way is one sentence on standard error, and exit code 1."""
    try:
        ensure()
    except ServerError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    print("API key:", "set" if os.environ.get("PREFECT_API_KEY") else "not set")


def given_url() -> str | None:
    """The server that the environment names on purpose; None when it names none, or the one that `ensure()` started."""
    url = os.environ.get("PREFECT_API_URL", "").strip().rstrip("/")
    return url if url and url != os.environ.get("WORKBOOK_STARTED_URL") else None


def point_at(url: str) -> None:
    """Make `url` the Prefect API of this process and its children, apart from the learner's own Prefect profile."""
    wanted = {"PREFECT_API_URL": url, "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false", "DO_NOT_TRACK": "1"}
    if not given_url():
        # Each client asks for a token before its first change, and each task run makes some clients: one request in
        # five (measured), to a server that wants none.
        wanted["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] = "false"
    if "PREFECT_HOME" not in os.environ or not given_url():
        wanted["PREFECT_HOME"] = str(home() / "prefect")
        os.environ.pop("PREFECT_PROFILE", None)  # it would name a profile of the learner's own home
    with _plain_disk_errors():
        Path(wanted.get("PREFECT_HOME") or os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
        authority = str(_one_authority())
    os.environ.update(wanted)
    if url.startswith("http://127.0.0.1:"):
        os.environ.setdefault("PREFECT_API_SSL_CERT_FILE", authority)
    elif os.environ.get("PREFECT_API_SSL_CERT_FILE") == authority:
        del os.environ["PREFECT_API_SSL_CERT_FILE"]
    if "prefect" in sys.modules:
        from prefect.settings import PREFECT_API_URL

        if (PREFECT_API_URL.value() or "").rstrip("/") != url:
            raise ServerError(
                "Prefect was imported before the workbook named its server, and it reads its settings only then: "
                "restart the kernel (or the script) and call workbook.server.ensure() before `import prefect`."
            )


def _one_authority() -> Path:
    """A file with the first of the usual certificates, for an API on loopback, where no TLS is spoken.

    Each client that Prefect makes, and each task run makes some, loads every authority that it might trust, TLS or no
    TLS: 15 ms of a processor that all threads share, against 0.4 ms with one (measured).
    """
    file = home() / "one_authority.pem"
    if not file.exists():
        end = "-----END CERTIFICATE-----\n"
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = file.with_suffix(f".{os.getpid()}")
        whole.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end)
        whole.replace(file)
    return file


def check_api() -> None:
    """Ask the API that the environment names for something that needs the right to read.

    Raises:
        ServerError: nothing answers, it refuses the credentials, or it is no Prefect API.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    with (
        plain_errors(),
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(
            sync_client=True, httpx_settings={"timeout": httpx.Timeout(ANSWER_SECONDS, connect=CHECK_SECONDS)}
        ) as client,
    ):
        client.read_flow_runs(sort=FlowRunSort.ID_DESC, limit=1)  # it refuses to be asked without an order


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one sentence what kept the Prefect API from doing what it was asked."""
    import httpx

    url = _without_password(os.environ.get("PREFECT_API_URL", ""))
    try:
        yield
    except httpx.HTTPStatusError as error:
        code = error.response.status_code
        if code in (401, 403):
            raise ServerError(f"The Prefect server at {url} refused {_refused(code)}.") from None
        raise ServerError(
            f"{url} answers, but not as a Prefect API ({code}): correct PREFECT_API_URL, which ends in /api."
        ) from None
    except (UnicodeEncodeError, httpx.LocalProtocolError):
        raise ServerError(
            "PREFECT_API_KEY or PREFECT_API_AUTH_STRING holds a character that no credential has, such as the end of a "
            "line: copy it again."
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        if tls := _tls_failure(error):
            raise ServerError(f"The Prefect server at {url} cannot be reached by TLS {tls}.") from None
        raise ServerError(
            f"No Prefect server answers at {url} ({type(error).__name__}): correct PREFECT_API_URL, or "
            "`unset PREFECT_API_URL` to use the workbook's own server."
        ) from None
    except OSError as error:  # met before anything is sent: the certificates to trust are read
        raise ServerError(
            f"The file of trusted certificates cannot be read ({error.strerror or error}): let "
            "PREFECT_API_SSL_CERT_FILE (or SSL_CERT_FILE) name your authority's .pem file."
        ) from None
    except ValueError:  # an answer of another shape: a web page, say
        raise ServerError(
            f"{url} answers, but not as a Prefect API: correct PREFECT_API_URL, which ends in /api."
        ) from None


def _refused(code: int) -> str:
    """What was refused, and what to set instead; what is set may come from Prefect's profile or from `.env`."""
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

    basic, key = PREFECT_API_AUTH_STRING.value(), PREFECT_API_KEY.value()
    if basic and key:
        return (
            f"PREFECT_API_AUTH_STRING ({code}), which is sent when PREFECT_API_KEY is set as well: unset the one that "
            "this server does not take"
        )
    if basic:
        return (
            f"PREFECT_API_AUTH_STRING ({code}): set it to the right user:password, or `unset PREFECT_API_AUTH_STRING` "
            "and set PREFECT_API_KEY if the server takes keys"
        )
    if key:
        return (
            f"PREFECT_API_KEY ({code}): set it to the right key, or `unset PREFECT_API_KEY` and set "
            "PREFECT_API_AUTH_STRING to user:password if the server takes those"
        )
    return (
        f"to answer without credentials ({code}): set PREFECT_API_KEY for Prefect Cloud, or PREFECT_API_AUTH_STRING to "
        "user:password for a server of your own, and only one of them"
    )


def _tls_failure(error: BaseException | None) -> str | None:
    """Why no TLS connection came about, and the remedy; None if it was something else."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"({error.verify_message}): if an authority of your own signed its certificate, "
            "`export PREFECT_API_SSL_CERT_FILE=/path/to/ca.pem`"
        )
    if error is not None:
        return f"({error.reason or 'SSLError'}): correct PREFECT_API_URL, which begins with http:// if it has no TLS"
    return None


# ----------------------------------------
# The life of the local server


def start() -> Record:
    """Return the running local server, starting it if needed; processes that ask at the same moment share one.

    Raises:
        ServerError: it could not be started; the message ends with the last lines of its log.
    """
    record, state = status()
    if state == "running":
        return record
    with _plain_disk_errors():
        home().mkdir(parents=True, exist_ok=True)
        try:
            with (
                _spinner("Starting the local Prefect server (usually 5 to 25 seconds)"),
                filelock.FileLock(home() / "server.lock", timeout=START_SECONDS + 10),
            ):
                return _running() or _start_on_a_free_port()
        except filelock.Timeout:
            raise ServerError(
                "Another process has been starting the local server for two minutes: end it, or `workbook server stop`."
            ) from None


def stop(wait_seconds: float = 15) -> Record | None:
    """End the local server and forget it.

    Args:
        wait_seconds: how long it may take to shut down by itself before it is killed.

    Returns:
        The server that was running, or None. Those that grade answers are ended too.
    """
    for folder in home().glob("grading-*"):
        _stop(folder, wait_seconds)
    return _stop(home(), wait_seconds)


def _stop(folder: Path, wait_seconds: float) -> Record | None:
    record = read_record(folder)
    if record is None:
        return None
    process = _process(record)
    if process is not None:
        _terminate(process, wait_seconds)
    _record_file(folder).unlink(missing_ok=True)
    return record if process is not None else None


def status() -> tuple[Record | None, str]:
    """The local server, if one is recorded, and a word on it: "running", "not answering", "stale" or "stopped"."""
    record = read_record()
    if record is None:
        return None, "stopped"
    process = _process(record)
    if process is None:
        return record, "stale"
    return record, "running" if _answers(process, record) else "not answering"


def read_record(folder: Path | None = None) -> Record | None:
    """The server that is recorded in a folder, by default the learner's."""
    try:
        return Record(**json.loads(_record_file(folder).read_text()))
    except (OSError, ValueError, TypeError):  # missing, half-written, or from another version
        return None


def port_owner(port: int) -> str:
    """Who listens on a port of 127.0.0.1, as far as this user may know: "nobody", or a process in words."""
    if port_is_free(port):
        return "nobody"
    for process in psutil.process_iter(["pid", "name"]):
        with contextlib.suppress(psutil.Error):
            if _listens(process, port):
                return f"{process.info['name']} (pid {process.info['pid']})"
    return "another user's process"


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name == "posix":  # a port in TIME_WAIT is free for the server, so it must be for us
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _running() -> Record | None:
    """The recorded server once it answers; None, with the record and any remains gone, when it is dead or hung."""
    record = read_record()
    if record is None:
        return None
    process = _process(record)
    if process is not None:
        # It may have been started a moment ago by a process that died before it could wait.
        left = record.create_time + START_SECONDS - time.time()
        if _answers(process, record) or (left > 0 and _wait_until_it_answers(process, record, left)):
            return record
        _terminate(process, 15)
    _record_file().unlink(missing_ok=True)
    return None


def _start_on_a_free_port() -> Record:
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        if not port_is_free(port):
            continue
        process = _spawn(port)
        record = Record(process.pid, process.create_time(), port)
        try:
            _record_file().write_text(json.dumps(asdict(record)))
            if _wait_until_it_answers(process, record, START_SECONDS):
                _keep_empty_database()
                return record
        except BaseException:  # an interrupt too: nothing half-started may stay behind
            _forget(process)
            raise
        died = not _alive(process)
        _forget(process)
        if died and not port_is_free(port):
            continue  # somebody else took the port between the look and the start
        empty_database().unlink(missing_ok=True)  # if it was to blame, the next try makes it anew
        raise ServerError(_why_it_failed(died))
    raise ServerError(
        f"Ports {FIRST_PORT} to {FIRST_PORT + 99} are all taken: end a program that holds one, and try again."
    )


def _spawn(port: int) -> psutil.Popen:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= SERVER_SETTINGS | {"PREFECT_HOME": str(home() / "prefect")}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    for former in home().glob(f"{DATABASE}*"):
        former.unlink()  # every server begins with an empty one
    if empty_database().exists():
        shutil.copyfile(empty_database(), home() / DATABASE)
    with log_file().open("wb") as log:
        return psutil.Popen(
            command,
            cwd=home(),  # Prefect reads .env and prefect.toml of the folder it starts in: none of the learner's
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in a flow's terminal is not for the server
        )


def empty_database() -> Path:
    """A database of this version of Prefect with no runs in it: to make its tables is most of what a start costs."""
    return home() / f"empty-{metadata.version('prefect')}.db"


def _keep_empty_database() -> None:
    """Keep the database of a server that has just begun, and that nobody knows of yet, for those that follow."""
    if empty_database().exists():
        return
    part = empty_database().with_suffix(".part")
    part.unlink(missing_ok=True)  # of a process that was ended here
    with contextlib.closing(sqlite3.connect(home() / DATABASE)) as database:
        database.execute("VACUUM INTO ?", (str(part),))
    part.replace(empty_database())


def _wait_until_it_answers(process: psutil.Process, record: Record, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(process) and time.monotonic() < deadline:
        if _answers(process, record):
            return True
        time.sleep(0.1)  # between two looks at a condition; nothing announces it
    return False


@contextlib.contextmanager
def _spinner(text: str) -> Iterator[None]:
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(f"{text} …"):
            yield
    else:
        console.print(f"{text} …", highlight=False)
        yield


def _answers(process: psutil.Process, record: Record) -> bool:
    """Is it this very process that listens, and is it healthy? Another checkout's server would answer as well."""
    if not _listens(process, record.port):
        return False
    try:
        with urllib.request.urlopen(f"{record.api_url}/health", timeout=ANSWER_SECONDS) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        sockets = process.net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(s.status == psutil.CONN_LISTEN and s.laddr.port == port for s in sockets)


def _process(record: Record) -> psutil.Process | None:
    """The recorded process, unless it has ended or its id now belongs to another."""
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.create_time) < 1
    except psutil.Error:
        return None
    return process if same and _alive(process) else None


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _terminate(process: psutil.Process, wait_seconds: float) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        try:
            process.terminate()
        except psutil.AccessDenied:
            raise ServerError(
                f"The server's process {process.pid} is another user's, who alone can end it: "
                "set WORKBOOK_HOME to a folder of your own."
            ) from None
        _, left = psutil.wait_procs(family, timeout=wait_seconds)
        for survivor in left:
            survivor.kill()
        psutil.wait_procs(left, timeout=5)


def _forget(process: psutil.Process) -> None:
    _terminate(process, 5)
    _record_file().unlink(missing_ok=True)


def _why_it_failed(died: bool) -> str:
    lines = log_file().read_text(errors="replace").splitlines()
    tail = "\n".join(f"    {line}" for line in lines[-12:])
    happened = "stopped while starting" if died else f"did not answer within {START_SECONDS} s"
    return (
        f"The local Prefect server {happened}: run `workbook doctor` to see what is wrong with the installation. "
        f"The last lines of {log_file()}:\n{tail}"
    )


@contextlib.contextmanager
def _plain_disk_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServerError(f"{home()} cannot be written ({reason}): free space, or mend its permissions.") from None


def _record_file(folder: Path | None = None) -> Path:
    return (folder or home()) / "server.json"


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        return False


def _without_password(url: str) -> str:
    """An address as it may be printed: without user name and password."""
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    except ValueError:
        return "the given address"
