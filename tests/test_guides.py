"""The guides, followed to the letter: every block, in the order in which it stands, from nothing."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy
from prefect import flow, task
from sqlalchemy import text
from sqlalchemy.engine import make_url

from conftest import CHECKOUT, free_port
from tests import production
from tests.guides import copy_checkout, follow, processes_of, steps
from workbook.prefect_server.settings import SERVER_SETTINGS

pytestmark = [pytest.mark.production, pytest.mark.second]  # minutes each

PROGRAMS = {  # and the packages that have them
    "bash": "bash", "curl": "curl", "git": "git", "openssl": "openssl", "pg_dump": "postgresql", "psql": "postgresql",
    "script": "bsdutils", "systemd-analyze": "systemd",
}  # fmt: skip
PREFIX = f"workbook_guide_{uuid.uuid4().hex[:8]}_"  # of the names of databases and roles
FIRST_PORT = "FIRST_PORT = 4200"  # of the workbook's own server


def need(*programs: str) -> None:
    if missing := [program for program in ("bash", "script", *programs) if not shutil.which(program)]:
        pytest.skip(f"{', '.join(missing)} not found: apt-get install {' '.join(PROGRAMS[name] for name in missing)}")


def adapted(name: str, instead: dict[str, str]) -> str:
    """A guide, with what stands there replaced by what stands for it here."""
    guide = (CHECKOUT / name).read_text(encoding="utf-8")
    assert "`tests/test_guides.py`" in guide, f"{name} doesn't say which test runs it"
    for there, here in instead.items():
        assert there in guide, f"{name} no longer says {there}"
        guide = guide.replace(there, here)
    return guide


def environment(home: Path, **settings: str) -> dict[str, str]:
    """That of a new terminal: no environment of Python is active, and nothing of the tests is set."""
    own = ("PREFECT_", "DATABASE_URL", "WORKBOOK_", "PYTEST_", "PYTHONPATH", "VIRTUAL_ENV", "COLUMNS", "PG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != str(Path(sys.executable).parent)]
    quiet = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "NO_COLOR": "1"}
    return kept | {"HOME": str(home), "PATH": os.pathsep.join(folders)} | quiet | settings


@pytest.fixture
def home(tmp_path) -> Iterator[Path]:
    """The reader's new and empty home; what still runs from there afterwards is ended."""
    folder = tmp_path / "home"
    folder.mkdir()
    yield folder
    for process in processes_of(folder):
        process.kill()


@pytest.fixture
def postgresql() -> Iterator[sqlalchemy.engine.URL]:
    """The address of a PostgreSQL, as the role that may create others; what is named `workbook_guide_…` is dropped."""
    need("psql", "pg_dump")
    address = make_url(production.POSTGRES)
    engine = sqlalchemy.create_engine(
        address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    try:
        engine.connect().close()
    except sqlalchemy.exc.OperationalError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    yield address
    with engine.connect() as connection:
        for kind, names in (("DATABASE", "datname FROM pg_database"), ("ROLE", "rolname FROM pg_roles")):
            column = names.partition(" ")[0]
            for name in connection.execute(text(f"SELECT {names} WHERE {column} LIKE '{PREFIX}%'")).scalars().all():
                connection.execute(text(f"DROP {kind} {name} {'WITH (FORCE)' if kind == 'DATABASE' else ''}"))
    engine.dispose()


def test_the_operating_guide(home, postgresql, tmp_path):
    need("git", "curl", "openssl", "systemd-analyze")
    folder = home / "srv"
    folder.mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    instead = {
        "PGHOST=127.0.0.1 PGPORT=5432 PGUSER=postgres": f"PGHOST={postgresql.host} PGPORT={postgresql.port or 5432} "
        f"PGUSER={postgresql.username} PGPASSWORD={postgresql.password or ''}",
        "@127.0.0.1:5432/": f"@{postgresql.host}:{postgresql.port or 5432}/",
        "/srv/prefect": str(folder),
        "prefect_ops": f"{PREFIX}ops",
        "4200": str(free_port()),
        "4300": str(free_port()),
    }
    guide = adapted("docs/operating_guide.md", instead)
    outputs = follow(guide, tmp_path / "typed", environment(home), home)
    for number, step in enumerate(steps(guide)):
        if step.what == "run" and "systemd-analyze verify" in step.code:
            assert not outputs[number].strip()  # it warns of a key that it doesn't know, and still ends with 0
    assert_all_ended(home)
    secrets = [folder / name for name in ("database-password", "auth-string", "encryption-key", "partner-key")]
    assert all(secret.stat().st_mode & 0o077 == 0 for secret in secrets)
    assert_kept(secrets, tmp_path)


def assert_all_ended(home: Path) -> None:
    """No process of the guide's is left; some end a moment after what started them."""
    _, left = psutil.wait_procs(processes_of(home), timeout=60)
    assert not left


def assert_kept(secrets: list[Path], folder: Path) -> None:
    """Nothing printed or logged what is in these files."""
    logs = [*folder.rglob("log"), *folder.rglob("*.log")]
    printed = "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)
    for secret in secrets:
        assert secret.read_text(encoding="utf-8").strip().removeprefix("admin:") not in printed, secret.name


@pytest.fixture
def port() -> int:
    """What stands for 4200."""
    return free_port()


@pytest.fixture
def checkout(home, port) -> Path:
    """A copy of the checkout in the reader's home, whose own server takes `port` if that is free."""
    need("git")
    if not (Path(sys.prefix) / "bin" / "activate").exists():
        pytest.skip("these tests don't run in an environment of `python -m venv`")
    copy = copy_checkout(home / "checkout")
    server = copy / "workbook" / "prefect_server" / "local.py"
    source = server.read_text(encoding="utf-8")
    assert FIRST_PORT in source
    server.write_text(source.replace(FIRST_PORT, f"FIRST_PORT = {port}"), encoding="utf-8")
    return copy


def end_own_server(checkout: Path, terminal: dict[str, str]) -> None:
    """A guide may leave the workbook's own server running, but no other process."""
    command = [sys.executable, "-m", "workbook.cli", "server", "stop"]
    subprocess.run(command, cwd=checkout, env=terminal, check=True, capture_output=True)


def test_the_guide_to_the_flows(home, checkout, tmp_path):
    need("curl")
    (home / "secrets").mkdir(mode=0o700)
    (home / "secrets" / "prefect-key").write_text("pnu_of-another-server\n", encoding="utf-8")
    terminal = environment(home, PYTHONPATH=str(checkout))
    with production.prefect_server_in(tmp_path, **SERVER_SETTINGS) as another:
        guide = adapted("flows/README.md", {"https://your-server.com/api": another.url})
        follow(guide, tmp_path / "typed", terminal, checkout)
    end_own_server(checkout, terminal)
    assert_all_ended(home)
    assert_kept([home / "secrets" / "prefect-key"], tmp_path)


def test_the_concurrency_guide(home, checkout, tmp_path):
    terminal = environment(home, PYTHONPATH=str(checkout))
    follow(adapted("docs/concurrency_guide.md", {}), tmp_path / "typed", terminal, checkout)
    end_own_server(checkout, terminal)
    assert_all_ended(home)


@pytest.fixture
def nginx(tmp_path) -> Iterator[dict[str, str]]:
    """A running nginx with a folder of configurations of its own; what stands for Debian's in a guide."""
    folder, unused = tmp_path / "nginx", free_port()
    (folder / "conf.d").mkdir(parents=True)
    configuration = f"include {folder}/conf.d/*.conf; server {{ listen 127.0.0.1:{unused}; }}"
    with production.nginx(folder, configuration, unused) as running:
        yield {"sudo nginx ": f"{shlex.join(running.process.args)} ", "/etc/nginx/conf.d/": f"{folder}/conf.d/"}


def test_the_authentication_guide(home, port, checkout, nginx, tmp_path):
    need("curl", "openssl")
    instead = nginx | {"4200": str(port), "8080": str(free_port()), "8443": str(free_port()), "sudo ": ""}
    terminal = environment(home, PYTHONPATH=str(checkout), PREFECT_SERVER_API_PORT=str(port))
    follow(adapted("docs/authentication_guide.md", instead), tmp_path / "typed", terminal, checkout)
    assert_all_ended(home)
    assert (home / "secrets").stat().st_mode & 0o077 == 0
    assert_kept([home / "secrets" / name for name in ("prefect-auth", "prefect-key")], tmp_path)


def test_the_deployment_guide(home, port, checkout, nginx, postgresql, tmp_path):
    need("curl", "openssl")
    if importlib.util.find_spec("prefect_dask") is None:
        pytest.skip("prefect-dask is not installed: make extras")
    with production.redis(tmp_path) as redis:
        instead = nginx | as_administrator(postgresql)
        instead |= {
            "127.0.0.1:6379": redis,
            "@127.0.0.1:5432/": f"@{postgresql.host}:{postgresql.port or 5432}/",
            "prefect_prod": f"{PREFIX}prod",
            "etl_user": f"{PREFIX}user",
            "etl_shop": f"{PREFIX}shop",
            "4200": str(port),
            "4201": str(free_port()),
            "4202": str(free_port()),
            "sudo ": "",
        }
        terminal = environment(home, PYTHONPATH=str(checkout), PREFECT_SERVER_API_PORT=str(port))
        follow(adapted("docs/deployment_guide.md", instead), tmp_path / "typed", terminal, checkout)
    assert_all_ended(home)
    assert (home / "secrets").stat().st_mode & 0o077 == 0
    assert_kept([home / "secrets" / name for name in ("prefect-db", "etl-db")], tmp_path)


def as_administrator(address: sqlalchemy.engine.URL) -> dict[str, str]:
    """What stands for PostgreSQL's own user in a guide."""
    given = {"PGHOST": address.host, "PGPORT": address.port or 5432, "PGUSER": address.username}
    if address.password:
        given["PGPASSWORD"] = address.password
    return {"sudo -u postgres ": "".join(f"{name}={shlex.quote(str(value))} " for name, value in given.items())}


def echo(value: int) -> int:
    return value


FRAGMENTS = {  # for each of a guide's, in order: what is looked at afterwards, and what that must be
    "flows/README.md": {
        "second": 2, "results": [*range(20)], "set(query.tags)": {"database"}, "list(results)": [*range(20)],
    },
    "docs/concurrency_guide.md": {"results": [*range(20)]},
    "docs/troubleshooting.md": {"results": [*range(10)]},
}  # fmt: skip


@pytest.mark.usefixtures("prefect_server")
@pytest.mark.parametrize("name", FRAGMENTS)
def test_each_fragment_of_python_does_what_its_guide_says(name):
    guide = (CHECKOUT / name).read_text(encoding="utf-8")
    codes = [step.code for step in steps(guide) if step.what == "fragment"]
    for code, (looked_at, right) in zip(codes, FRAGMENTS[name].items(), strict=True):
        names = {"task": task, "query": task(echo), "task1": task(lambda: 1), "task2": task(lambda first: first + 1)}

        @flow
        def of_the_fragment() -> None:
            exec(code, names)  # noqa: B023 (it's called in this round of the loop)

        of_the_fragment()
        assert eval(looked_at, names) == right, code


def test_a_block_that_is_neither_run_nor_marked_is_noticed():
    with pytest.raises(ValueError, match="neither run nor marked: x = 1"):
        steps("Text.\n\n```perl\nx = 1\n```\n")
    marked = "*(Not run by the test: it needs root.)*\n\n```bash\nreboot\n```\n"
    assert [step.what for step in steps(marked)] == ["skip"]


HOLES = {  # a guide that would stop its reader, and what is said of it
    "a command fails": ("```bash\nfalse\ntrue\n```\n", "A command failed:\nfalse"),
    "a variable of another terminal": ("```bash\necho $server\n```\n", "A command failed:\necho"),
    "another output": ("```bash\necho two\n```\n\n```\none\n```\n", "one\nisn't what was printed:\ntwo"),
    "a server never ends": ("```bash\nprefect server start\n```\n", "nothing ends what runs in terminal 1"),
    "a server in the way": ("```bash\nprefect server start\n```\n\n```bash\nls\n```\n", "is still in the foreground"),
    "a worker ends by itself": (
        "```bash\nprefect worker start\n```\n\nIn terminal 2:\n\n```bash\nsleep 30\n```\n",
        "Its last command ended before Ctrl-C",
    ),
    "nothing to end": ("```bash\nls\n```\n\nPress Ctrl-C in terminal 1.\n\n```bash\nls\n```\n", "nothing runs in the"),
}


@pytest.mark.parametrize("hole", HOLES)
def test_a_guide_that_would_stop_its_reader_is_noticed(home, tmp_path, hole):
    need()
    guide, said = HOLES[hole]
    (home / "prefect").write_text("#!/bin/sh\ntest $1 = worker || exec sleep 1000\n", encoding="utf-8")
    (home / "prefect").chmod(0o755)
    terminal = environment(home)
    terminal["PATH"] = f"{home}{os.pathsep}{terminal['PATH']}"
    with pytest.raises(AssertionError, match=re.escape(said)):
        follow(guide, tmp_path / "typed", terminal, home)
