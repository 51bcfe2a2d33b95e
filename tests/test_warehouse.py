"""The database: built alike everywhere, answering alike on SQLite and PostgreSQL, and plain about what is wrong."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import uuid

import pytest
import sqlalchemy
from sqlalchemy import text

from conftest import CHECKOUT
from flows import shop, warehouse
from flows.warehouse import QUERIES, WarehouseError

pytestmark = pytest.mark.second

POSTGRES = os.environ.get("WORKBOOK_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
NO_LOCALE = "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"  # as Debian's package makes it where LANG is not set
BUILD = "from flows import warehouse; warehouse.prepare()"


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path))
    yield tmp_path
    monkeypatch.delenv("DATABASE_URL", raising=False)
    warehouse.engine().dispose()


@pytest.fixture
def file(own_home):
    warehouse.prepare()
    return own_home / f"warehouse-{warehouse.VERSION}.sqlite"


@pytest.fixture
def postgres(request):
    """A database of its own on a real PostgreSQL, dropped after the test; its address. The parameter is SQL for it."""
    address = sqlalchemy.make_url(POSTGRES).set(drivername="postgresql+psycopg")
    admin = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5})
    name = f"workbook_{uuid.uuid4().hex[:8]}"
    try:
        connection = admin.connect()
    except sqlalchemy.exc.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {address.render_as_string()}: {str(error.orig).splitlines()[0]}")
    with connection:
        connection.execute(text(f"CREATE DATABASE {name} {getattr(request, 'param', '')}"))
        try:
            yield address.set(database=name).render_as_string(hide_password=False)
        finally:
            warehouse.engine().dispose()
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def test_the_rows_are_the_same_from_the_same_seed_on_every_python():
    digest = hashlib.sha256()
    counts = {}
    for table, rows in shop.rows():
        counts[table.name] = len(rows)
        digest.update(json.dumps(rows).encode())
    assert 25_000 < sum(counts.values()) < 30_000
    assert digest.hexdigest()[:16] == "dde19af50531d9ed"


def test_the_file_holds_those_rows(file):
    with warehouse.engine().connect() as connection:
        for table, rows in shop.rows():
            stored = connection.execute(table.select().order_by(*table.primary_key)).mappings()
            key = [column.name for column in table.primary_key]
            assert [dict(row) for row in stored] == sorted(rows, key=lambda row: [row[name] for name in key])


def test_twenty_questions_with_uneven_durations():
    assert [query.index for query in QUERIES] == list(range(20))
    assert all(query.question.endswith("?") for query in QUERIES)
    seconds = [query.seconds for query in QUERIES]
    assert (min(seconds), max(seconds)) == (0.2, 1.2) and sum(seconds) == pytest.approx(20 * 0.5)


@pytest.mark.parametrize("postgres", ["", NO_LOCALE], indirect=True, ids=["", "without a locale"])
def test_every_query_answers_the_same_on_sqlite_and_postgresql(file, postgres, monkeypatch):
    answers = [warehouse.query(i, seconds=0) for i in range(20)]
    assert all(1 <= len(rows) <= 50 for rows in answers)
    assert {type(value) for rows in answers for row in rows for value in row.values()} <= {int, str}
    warehouse.engine().dispose()
    monkeypatch.setenv("DATABASE_URL", postgres)
    warehouse.prepare()
    warehouse.prepare()  # the second time finds it filled
    assert [warehouse.query(i, seconds=0) for i in range(20)] == answers


@pytest.mark.slow
def test_two_processes_fill_one_postgresql(postgres, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", postgres)
    assert build_at_once() == [0, 0]
    assert len(warehouse.query(0, seconds=0)) == 24


def build_at_once() -> list[int]:
    builders = [subprocess.Popen([sys.executable, "-c", BUILD], cwd=CHECKOUT) for _ in range(2)]
    try:
        return [builder.wait(60) for builder in builders]
    finally:
        for builder in builders:
            builder.kill()


def test_two_processes_build_one_file(own_home):
    assert build_at_once() == [0, 0]
    assert len(warehouse.query(0, seconds=0)) == 24
    left = {path.name for path in own_home.iterdir()} - {f"warehouse-{warehouse.VERSION}.sqlite.lock"}
    assert left == {f"warehouse-{warehouse.VERSION}.sqlite"}


def test_a_build_that_is_killed_leaves_nothing_half_built(own_home, run_python):
    dies = "import os; from flows import shop, warehouse; real = shop.rows\n"
    dies += "def rows():\n    for i, pair in enumerate(real()):\n        if i == 3: os._exit(9)\n        yield pair\n"
    assert run_python("-c", f"{dies}shop.rows = rows; warehouse.prepare()").returncode == 9
    assert not (own_home / f"warehouse-{warehouse.VERSION}.sqlite").exists()
    warehouse.prepare()
    assert len(warehouse.query(0, seconds=0)) == 24


def test_each_query_waits_once_inside_the_database(file, monkeypatch):
    slept = []
    monkeypatch.setattr(warehouse.time, "sleep", slept.append)
    monkeypatch.setenv("WORKBOOK_TIME_SCALE", "2")
    for index in range(20):
        warehouse.query(index)
    warehouse.query(0, seconds=7)
    assert slept == [query.seconds * 2 for query in QUERIES] + [7]


def test_queries_run_side_by_side_in_one_process(file, monkeypatch):
    together = threading.Barrier(3)
    monkeypatch.setattr(warehouse.time, "sleep", lambda seconds: together.wait(60))
    threads = [threading.Thread(target=warehouse.query, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not together.broken


def test_a_query_holds_its_connection_and_the_pool_is_bounded(file, monkeypatch):
    sleeping, wake = threading.Event(), threading.Event()

    def sleep(seconds):
        sleeping.set()
        wake.wait(60)

    monkeypatch.setattr(warehouse.time, "sleep", sleep)
    pool = warehouse.engine(pool_size=1, pool_timeout=0.05)
    holder = threading.Thread(target=warehouse.query, args=(0,), kwargs={"pool": pool})
    holder.start()
    try:
        assert sleeping.wait(60)
        with pytest.raises(sqlalchemy.exc.TimeoutError, match="QueuePool limit of size 1"):
            warehouse.query(1, pool=pool)
    finally:
        wake.set()
        holder.join()
        pool.dispose()


def test_a_query_cannot_change_the_file(file):
    with (
        warehouse.engine().connect() as connection,
        pytest.raises(sqlalchemy.exc.OperationalError, match="readonly database"),
    ):
        connection.execute(text("DELETE FROM shop_reviews"))


def test_a_database_that_fails_while_it_answers_is_said(file, monkeypatch):
    def sleep(seconds):
        raise ConnectionError("failed")

    monkeypatch.setattr(warehouse.time, "sleep", sleep)
    with pytest.raises(warehouse.QueryFailed, match=r"^The database could not answer 'bought_together': user-defined"):
        warehouse.query(5)


def test_a_read_only_file_will_do(file):
    file.chmod(0o444)
    file.with_name(f"{file.name}.lock").unlink(missing_ok=True)
    warehouse.prepare()
    assert len(warehouse.query(0, seconds=0)) == 24


@pytest.mark.parametrize("scale", ["0", "-1", "fast", "nan", "inf", ""])
def test_a_scale_that_is_none_is_said(monkeypatch, scale):
    monkeypatch.setenv("WORKBOOK_TIME_SCALE", scale)
    with pytest.raises(WarehouseError, match=r"WORKBOOK_TIME_SCALE must be a number above 0, and .* try WORKBOOK_TIME"):
        warehouse.prepare()


@pytest.mark.parametrize("seconds", [-1, "long", float("nan"), float("inf")])
def test_a_duration_that_is_none_is_said(seconds):
    with pytest.raises(WarehouseError, match="seconds must be a number of 0 or more"):
        warehouse.query(0, seconds=seconds)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("hunter2", "cannot be read"),
        ("postgresql://user:hunter2@host:port/db", "cannot be read"),
        ("postgresql://user:hunter2@127.0.0.1:{closed}/db", "Connection refused"),
        ("postgresql://user:hunter2@no-such-host.invalid/db", "no-such-host.invalid"),
        ("postgresql://user:prefix@hunter2@127.0.0.1:{closed}/db", "cannot be read"),
        ("postgresql://user:hunter2@host..name/db", "cannot be read"),
        ("postgresql+asyncpg://user:hunter2@host/db", "asynchronous driver (postgresql+asyncpg)"),
        ("sqlite+aiosqlite:///shop.sqlite", "write sqlite:// instead"),
        ("oracle+nothing://user:hunter2@host/db", "no driver here"),
        ("mysql://user:hunter2@host/db", "no driver here"),
        ("sqlite://", "in memory"),
        ("sqlite:////dev/null/x/shop.sqlite", "Not a directory"),
    ],
)
def test_an_address_that_cannot_be_used_is_said(monkeypatch, given, sentence):
    monkeypatch.setenv("DATABASE_URL", given.format(closed=closed_port()))
    with pytest.raises(WarehouseError) as caught:
        warehouse.prepare()
    assert sentence in str(caught.value) and "DATABASE_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value) and "\n" not in str(caught.value)


def test_what_postgresql_refuses_is_said_without_the_password(postgres, monkeypatch):
    unknown = sqlalchemy.make_url(postgres).set(username="nobody_here", password="hunter2")
    for refused, sentence in [(unknown, "nobody_here"), (sqlalchemy.make_url(postgres).set(database="gone"), "gone")]:
        with monkeypatch.context() as patch:
            patch.setenv("DATABASE_URL", refused.render_as_string(hide_password=False))
            with pytest.raises(WarehouseError, match=f"cannot be used .*{sentence}.* does not exist") as caught:
                warehouse.prepare()
            assert "hunter2" not in str(caught.value) + repr(caught.value) + repr(warehouse.engine())


@pytest.mark.parametrize(
    ("start", "content", "sentence"),
    [(0, b"not a database" * 1000, "file is not a database"), (400_000, b"x" * 40_000, "is damaged")],
)
def test_a_corrupt_file_is_said(file, monkeypatch, start, content, sentence):
    warehouse.engine().dispose()
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(content)
    with pytest.raises(WarehouseError, match=rf"{sentence}.*`rm .*sqlite`"):
        warehouse.prepare()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")  # a file of the learner's: never say to remove it
    with pytest.raises(WarehouseError, match=rf"{sentence}.*let DATABASE_URL name another file\.$"):
        warehouse.prepare()


def test_an_empty_file_is_said(own_home):
    (own_home / f"warehouse-{warehouse.VERSION}.sqlite").touch()
    with pytest.raises(WarehouseError, match=r"not a database of this workbook: remove it"):
        warehouse.prepare()


def test_a_folder_of_any_name_will_do(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_HOME", str(tmp_path / "50% of #1? yes"))
    warehouse.prepare()
    assert len(warehouse.query(0, seconds=0)) == 24


def test_a_database_of_something_else_is_left_alone(tmp_path, monkeypatch):
    other = tmp_path / "other.sqlite"
    with sqlalchemy.create_engine(f"sqlite:///{other}").begin() as connection:
        connection.execute(text("CREATE TABLE mine (x)"))
    before = other.read_bytes()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{other}")
    with pytest.raises(WarehouseError, match="not a database of this workbook: let DATABASE_URL"):
        warehouse.prepare()
    assert other.read_bytes() == before


def test_a_disk_without_room_is_said(own_home, run_python):
    resource = pytest.importorskip("resource", reason="a limit on the size of files is Unix's")
    assert resource.RLIMIT_FSIZE is not None
    limited = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limited += "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
    limited += "from flows import warehouse\ntry: warehouse.prepare()\n"
    limited += "except warehouse.WarehouseError as error: print(error)\n"
    said = run_python("-c", limited)
    assert "cannot be used at" in said.stdout and "free space" in said.stdout, said.stderr
    assert {path.suffix for path in own_home.iterdir()} <= {".lock"}  # nothing that keeps the disk full
