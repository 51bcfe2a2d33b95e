"""What the local server and its clients are told, each with its reason."""

import os
from pathlib import Path

import certifi

from workbook.paths import home

# What makes a tag limit honest on an embedded database (docs/upstream.md, report 1). With several connections, taking a
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


def one_authority() -> Path:
    """A file with the first of the usual certificates, for an API on loopback, where no TLS is spoken.

    Each client that Prefect makes, and each task run makes some, loads every authority that it might trust, TLS or no
    TLS: 41 ms of a processor that all threads share, against 1.3 ms with one (docs/facts.md).
    """
    file = home() / "one_authority.pem"
    if not file.exists():
        end = "-----END CERTIFICATE-----\n"
        file.parent.mkdir(parents=True, exist_ok=True)
        whole = file.with_suffix(f".{os.getpid()}")
        whole.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
        whole.replace(file)
    return file
