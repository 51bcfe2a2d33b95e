"""The database that the flows query, and the twenty queries.

By default it is a SQLite file, built once; `DATABASE_URL` may name another database. Every query waits inside its SQL
for as long as a busy remote database would take, so it holds its connection for that long.
"""

import functools
import math
import os
import re
import shlex
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import filelock
import sqlalchemy
from sqlalchemy import event, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from flows import shop

VERSION = 2  # of the tables and their rows: a change needs another file
CONNECT_SECONDS = 5
ADVISORY_LOCK = 4_200_003  # any number that other programs on the same PostgreSQL are unlikely to use


class WarehouseError(Exception):
    """The database cannot be used; the message is one sentence with its remedy, and holds no password."""


class QueryFailed(WarehouseError):
    """The database failed while it answered; another try may succeed."""


@dataclass(frozen=True)
class Query:
    """One of the twenty: `seconds` is how long the database takes over it, before `WORKBOOK_TIME_SCALE`."""

    index: int
    name: str
    question: str
    seconds: float
    sql: str


def _load() -> Iterator[Query]:
    for index, file in enumerate(sorted((Path(__file__).parent / "sql").glob("*.sql"))):
        source = file.read_text(encoding="utf-8")
        question, seconds, sql = re.fullmatch(r"-- (.*)\n-- seconds: (\S+)\n(.*)", source, re.DOTALL).groups()
        yield Query(index, file.stem.partition("_")[2], question.replace("\n-- ", " "), float(seconds), sql)


QUERIES = tuple(_load())


def query(index: int, *, seconds: float | None = None, pool: Engine | None = None) -> list[dict[str, Any]]:
    """Run one of the twenty queries; the first one of a process builds the database if there is none.

    Args:
        index: its place in `QUERIES`.
        seconds: how long the database takes over it; by default the query's own, times `WORKBOOK_TIME_SCALE`.
        pool: the connections to use; by default those of `engine()`.

    Returns:
        Its rows, of whole numbers and text: the same on every database.

    Raises:
        WarehouseError: a duration that is none, or a database that cannot be built.
        sqlalchemy.exc.TimeoutError: no connection of the pool came free in time.
        QueryFailed: the database failed while it answered; another try may succeed.
    """
    chosen = QUERIES[index]
    seconds = chosen.seconds * time_scale() if seconds is None else _duration(seconds, "seconds")
    # Sleep and question are one statement: the sleep is worked out once, before the first row.
    statement = text(
        "WITH wait AS MATERIALIZED (SELECT pg_sleep(:seconds) AS done)\n"
        f"SELECT answer.* FROM (\n{chosen.sql}) AS answer WHERE (SELECT count(done) FROM wait) = 1"
    )
    with _PREPARING:  # one thread builds it, or the first twenty would need a connection each for that
        _prepared(url())
    try:
        with (pool or engine()).connect() as connection:
            rows = connection.execute(statement, {"seconds": seconds}).mappings().all()
    except DBAPIError as error:
        raise QueryFailed(f"The database could not answer {chosen.name!r}: {_reason(error)}.") from None
    return [{name: int(value) if isinstance(value, Decimal) else value for name, value in row.items()} for row in rows]


_PREPARING = threading.Lock()


@functools.cache
def _prepared(database: URL) -> None:
    prepare()


def time_scale() -> float:
    """The factor on every query's duration that `WORKBOOK_TIME_SCALE` asks for; 1 by default."""
    return _duration(os.environ.get("WORKBOOK_TIME_SCALE", "1"), "WORKBOOK_TIME_SCALE", zero=False)


def _duration(value: Any, name: str, zero: bool = True) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        least = "of 0 or more" if zero else "above 0"
        raise WarehouseError(f"{name} must be a number {least}, and {value!r} is not: try {name}=0.5.")
    return number


# ----------------------------------------
# Connections


def url() -> URL:
    """The database that `DATABASE_URL` names, or else the workbook's own SQLite file.

    Raises:
        WarehouseError: what it names cannot be read, or cannot hold the warehouse.
    """
    given = os.environ.get("DATABASE_URL")
    if not given:
        home = Path(os.environ.get("WORKBOOK_HOME") or Path(__file__).resolve().parents[1] / ".workbook")
        return URL.create("sqlite", database=str(home.absolute() / f"warehouse-{VERSION}.sqlite"))
    try:
        parsed = make_url(given)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        (parsed.host or "").encode("idna")  # raises for what can be no host
        if "@" in (parsed.host or ""):  # it would be the end of a password
            raise ValueError("an @ in the host")
        parsed.get_dialect().import_dbapi()
    except (NoSuchModuleError, ModuleNotFoundError):
        raise WarehouseError(
            f"DATABASE_URL names a database that has no driver here ({parsed.drivername}): use postgresql:// or "
            "sqlite:///, or install its driver."
        ) from None
    except (ArgumentError, ValueError):  # their own message may show the password
        raise WarehouseError(
            "DATABASE_URL cannot be read: it looks like postgresql://user:password@host:5432/name, with @ : / in a "
            "password written as %40 %3A %2F."
        ) from None
    if parsed.get_dialect().is_async:
        raise WarehouseError(
            f"DATABASE_URL names an asynchronous driver ({parsed.drivername}), and these queries are not: "
            f"write {parsed.get_backend_name()}:// instead."
        )
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise WarehouseError("DATABASE_URL names a SQLite database in memory: name a file, as sqlite:///shop.sqlite.")
    return parsed


def engine(pool_size: int = 20, pool_timeout: float = 30) -> Engine:
    """The pool of connections to the warehouse; the same one for the same arguments, for all threads.

    Args:
        pool_size: the most connections open at once; by default enough for all twenty queries.
        pool_timeout: seconds to wait for a free one before sqlalchemy.exc.TimeoutError.
    """
    return _engine(url(), pool_size, pool_timeout)


@functools.cache
def _engine(database: URL, pool_size: int, pool_timeout: float) -> Engine:
    bounds = {"poolclass": QueuePool, "pool_size": pool_size, "max_overflow": 0, "pool_timeout": pool_timeout}
    if database.get_backend_name() != "sqlite":
        # A PostgreSQL made without a locale (SQL_ASCII) names no encoding, and psycopg would give bytes for text.
        options = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8"}
        return sqlalchemy.create_engine(
            database, connect_args=options if database.get_backend_name() == "postgresql" else {}, **bounds
        )
    read_only = database.set(
        database=f"file:{quote(database.database, safe='/:')}", query={"mode": "ro", "uri": "true"}
    )
    made = sqlalchemy.create_engine(read_only, connect_args={"check_same_thread": False}, **bounds)
    event.listen(made, "connect", _set_up)
    return made


def _set_up(connection: sqlite3.Connection, _: object) -> None:
    """Give SQLite PostgreSQL's function of that name. It lets go of Python's lock, so queries do run side by side."""

    def pg_sleep(seconds: float) -> int:
        time.sleep(seconds)
        return 1

    connection.create_function("pg_sleep", 1, pg_sleep)
    connection.execute("PRAGMA temp_store = MEMORY")  # or a full disk would fail the larger questions


# ----------------------------------------
# Building


def prepare() -> None:
    """Make sure that the warehouse is there, building it if needed; processes that do so at once take turns.

    Raises:
        WarehouseError: it cannot be built or reached, or what is there is not a warehouse.
    """
    time_scale()
    database = url()
    with plain_errors(database):
        if database.get_backend_name() == "sqlite":
            _prepare_file(Path(database.database))
            return
        with engine().begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            if not _is_filled(connection):
                _fill(connection)


def look() -> str:
    """Where the database is, in words, after a connection to it; it is not built.

    Raises:
        WarehouseError: it cannot be reached.
    """
    database = url()
    if database.get_backend_name() != "sqlite":
        where = f"{database.host}/{database.database}"
    elif Path(database.database).exists():
        where = database.database
    else:
        return f"{database.database} is built when a flow first needs it"
    with plain_errors(database), engine().connect():
        return f"{where} answers"


def _prepare_file(file: Path) -> None:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{file}.lock"):
            if not file.exists():
                _build(file)
    with engine().connect() as connection:
        found = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":  # known now, and not after three tries of every query
            raise WarehouseError(f"{file} is damaged ({found.splitlines()[-1]}): {_another(file)}.")
        if not _is_filled(connection):
            raise WarehouseError(f"{file} is not a database of this workbook: {_another(file)}.")


def _build(file: Path) -> None:
    """Build beside it and move it into place, so that a build that dies leaves no half-filled database."""
    half_built = file.with_name(f"{file.name}.building")
    half_built.unlink(missing_ok=True)
    making = sqlalchemy.create_engine(URL.create("sqlite", database=str(half_built)))
    try:
        with making.begin() as connection:
            connection.execute(text("PRAGMA journal_mode = OFF"))  # a build that fails is thrown away whole
            _fill(connection)
        making.dispose()
        half_built.replace(file)
    finally:
        making.dispose()
        half_built.unlink(missing_ok=True)  # of a build that failed: on a full disk it would keep it full


def _fill(connection: Connection) -> None:
    shop.tables.create_all(connection)
    for table, rows in shop.rows():
        connection.execute(table.insert(), rows)


def _is_filled(connection: Connection) -> bool:
    """The tables come with their rows in one transaction, or one renaming: if one is there, all is."""
    return sqlalchemy.inspect(connection).has_table(shop.reviews.name)


@contextmanager
def plain_errors(database: URL) -> Iterator[None]:
    """Say in one sentence what kept the database from being used."""
    named = "DATABASE_URL" if os.environ.get("DATABASE_URL") else "the workbook's own database"
    where = database.database if database.get_backend_name() == "sqlite" else f"{database.host}/{database.database}"
    remedy = "correct DATABASE_URL, or `unset DATABASE_URL` to use the workbook's own SQLite file"
    if database.get_backend_name() == "sqlite":
        elsewhere = "" if os.environ.get("DATABASE_URL") else "set WORKBOOK_HOME to a folder of your own, "
        remedy = f"free space, fix the permissions, {elsewhere}or {_another(where)}"
    try:
        yield
    except OSError as error:
        raise WarehouseError(f"{named} cannot be built at {where} ({error.strerror}): {remedy}.") from None
    except DBAPIError as error:
        raise WarehouseError(f"{named} cannot be used at {where} ({_reason(error)}): {remedy}.") from None


def _another(file: str | Path) -> str:
    """How to have another SQLite file; only the workbook's own is one to remove."""
    if os.environ.get("DATABASE_URL"):
        return "let DATABASE_URL name another file"
    return f"remove it (`rm {shlex.quote(str(file))}`), and it is built anew"


def _reason(error: DBAPIError) -> str:
    """The database's own words, in one line and without the password."""
    reason = str(error.orig).strip().splitlines()[0]
    password = url().password
    return reason.replace(str(password), "***") if password else reason
