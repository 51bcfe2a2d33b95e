"""Measure the durations in docs/facts.md again, on an idle machine; it takes six minutes, and judges nothing.

Each figure is the median of three. `--only PART` measures one part (import, start, default, workbook, client,
postgresql); `--postgresql` adds the one that needs PostgreSQL. Every server gets its own folder and a port from 24000
to 24999, and ends with the script. OLD_PYTHON names a Python with another version of Prefect, to compare its import.
"""

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

import _start  # noqa: F401
import certifi
import psutil

from workbook.prefect_server.process import port_is_free
from workbook.prefect_server.settings import DATABASE, SERVER_SETTINGS

SLOT_WAIT = "PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS"
REPEATS = 3
rows: list[tuple[str, str, str]] = []

CLIENT = """
import json, sys, threading, time
from statistics import median
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.task_runners import ThreadPoolTaskRunner

kind, count, seconds, repeats = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
spans = []

@task
def query(index):
    begun = time.monotonic()
    time.sleep(seconds)
    spans.append((begun, time.monotonic()))

limited = query.with_options(tags=["database"])

@flow
def warm_up():
    limited.submit(0).result()

@flow
def one_at_a_time():
    for index in range(count):
        query(index)

@flow
def limit():
    for future in [limited.submit(index) for index in range(count)]:
        future.result()

@flow
def batches():
    for first in range(0, count, 3):
        for future in [query.submit(index) for index in range(first, min(first + 3, count))]:
            future.result()

@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def pool():
    for future in [query.submit(index) for index in range(count)]:
        future.result()

with get_client(sync_client=True) as client:
    client.upsert_global_concurrency_limit_by_name("tag:database", 3)
warm_up()
runs = []
for _ in range(repeats):
    spans.clear()
    begun = time.monotonic()
    globals()[kind]()
    wall = time.monotonic() - begun
    starts, ends = sorted(s for s, _ in spans), sorted(e for _, e in spans)
    gaps = [start - end for start, end in zip(starts[3:], ends)]
    runs.append({"wall": wall, "span": ends[-1] - starts[0], "gap": median(gaps), "peak": max(
        sum(a <= moment < b for a, b in spans) for moment in starts)})
print("RUNS", json.dumps(runs), flush=True)
"""

CLIENTS = """
import time
from statistics import median
from prefect.client.orchestration import get_client
seconds = []
for _ in range(15):
    begun = time.perf_counter()
    get_client(sync_client=True)
    seconds.append(time.perf_counter() - begun)
print("MS", 1000 * median(seconds))
"""


def row(name: str, figure: float | str, unit: str) -> None:
    rows.append((name, figure if isinstance(figure, str) else f"{figure:.2f}", unit))
    print(f"{rows[-1][0]:28} {rows[-1][1]:>9} {unit}", flush=True)


def free_port() -> int:
    return next(port for port in range(24000 + os.getpid() % 900, 25000) if port_is_free(port))


def clean(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "DO_NOT_TRACK"))}
    return kept | {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"} | settings


@contextlib.contextmanager
def server(folder: Path, **settings: str):
    """A Prefect server in `folder`; yields its address, how long it took to answer, and its process."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    begun = time.monotonic()
    with (folder / "server.log").open("ab") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=clean(PREFECT_HOME=str(folder), **settings),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{api}/health", timeout=2):
                break
            if process.poll() is not None or time.monotonic() - begun > 180:
                raise SystemExit(
                    f"The server did not start:\n{(folder / 'server.log').read_text(encoding='utf-8')[-2000:]}"
                )
            time.sleep(0.05)
        yield api, time.monotonic() - begun, process
    finally:
        family = [process, *process.children(recursive=True)] if process.is_running() else []
        for one in family:
            with contextlib.suppress(psutil.Error):
                one.terminate()
        for one in psutil.wait_procs(family, timeout=15)[1]:
            one.kill()


def run(
    api: str, folder: Path, kind: str, count: int = 20, seconds: float = 0.3, repeats: int = REPEATS, **settings: str
) -> list[dict]:
    """Run one of CLIENT's flows in one process, set up as the workbook does: no CSRF token, one certificate."""
    environment = clean(
        PREFECT_API_URL=api,
        PREFECT_HOME=str(folder / "client"),
        PREFECT_CLIENT_CSRF_SUPPORT_ENABLED="false",
        PREFECT_API_SSL_CERT_FILE=str(one_authority()),
        PREFECT_LOGGING_LEVEL="CRITICAL",
    )
    words = [sys.executable, "-c", CLIENT, kind, str(count), str(seconds), str(repeats)]
    try:
        done = subprocess.run(words, env=environment | settings, capture_output=True, encoding="utf-8", timeout=90)
    except subprocess.TimeoutExpired:
        print(f"  ({kind} had not ended after 90 s)", flush=True)
        return [dict.fromkeys(("wall", "span", "gap", "peak"), float("inf"))]
    lines = [line for line in done.stdout.splitlines() if line.startswith("RUNS ")]
    if not lines:
        raise SystemExit(done.stdout[-1000:] + done.stderr[-2000:])
    return json.loads(lines[0][5:])


def middle(runs: list[dict], what: str = "wall") -> float:
    return median(one[what] for one in runs)


def one_authority() -> Path:
    file = top / "one_authority.pem"
    if not file.exists():
        end = "-----END CERTIFICATE-----\n"
        file.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
    return file


def cpu(*words: str) -> float:
    """User and system seconds of a command that ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, env=clean(PREFECT_HOME=str(top / "import")), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports() -> None:
    code = "from prefect import flow, task"
    cases = [("import", sys.executable)]
    if other := os.environ.get("OLD_PYTHON"):
        cases.append(("import, other version", other))
    for name, python in cases:
        words = (python, "-c", code)
        cpu(*words)  # its compiled files
        row(name, median(cpu(*words) for _ in range(REPEATS)), "CPU s")


def starts() -> None:
    firsts, seconds = [], []
    for number in range(REPEATS):
        with server(top / f"first-{number}") as (_, took, process):
            seconds.append(took)
            firsts.append(sum(process.cpu_times()[:2]))
    row("first start", median(seconds), "s")
    row("first start, CPU", median(firsts), "CPU s")


def default() -> None:
    folder = top / "first-1"  # its tables are there already, if the part before has run
    with server(folder) as (api, _, _):
        for kind in ("one_at_a_time", "limit", "batches", "pool"):
            if kind == "limit":  # a process for each, as one that meets too many collisions may not end
                runs = [run(api, folder, kind, repeats=1)[0] for _ in range(REPEATS)]
            else:
                runs = run(api, folder, kind)
            row(f"default {kind}", middle(runs), "s")


def workbook() -> None:
    made = top / "first-0" / "prefect.db"
    starts = []
    for wait in ("0.1", "0.05", "0.02"):
        folder = top / f"workbook-{wait}"
        folder.mkdir()
        if made.exists():
            shutil.copyfile(made, folder / DATABASE)
        with server(folder, **SERVER_SETTINGS | {SLOT_WAIT: wait}) as (api, took, _):
            starts.append(took)
            runs = run(api, folder, "limit")
            row(f"workbook limit {wait}", middle(runs), "s")
            row(f"workbook span {wait}", middle(runs, "span") / 2.1, "x ideal")
            row(f"workbook gap {wait}", 1000 * middle(runs, "gap"), "ms")
            if wait == "0.1":
                row(
                    "workbook limit, default client",
                    middle(
                        run(
                            api,
                            folder,
                            "limit",
                            PREFECT_CLIENT_CSRF_SUPPORT_ENABLED="true",
                            PREFECT_API_SSL_CERT_FILE=certifi.where(),
                        )
                    ),
                    "s",
                )
    if made.exists():
        row("later start", median(starts), "s")


def client() -> None:
    for name, file in (("all", certifi.where()), ("one", str(one_authority()))):
        environment = clean(PREFECT_API_URL="http://127.0.0.1:1/api", PREFECT_HOME=str(top / "client"))
        words = [sys.executable, "-c", CLIENTS]
        figures = []
        for _ in range(REPEATS):
            settings = {"PREFECT_API_SSL_CERT_FILE": file}
            said = subprocess.run(
                words, env=environment | settings, capture_output=True, encoding="utf-8", check=True
            ).stdout
            figures.append(float(said.split("MS ")[1]))
        row(f"client, {name} certificates", median(figures), "ms")


def postgresql() -> None:
    from tests.production import postgresql_database  # it knows how to start one, also for root

    with postgresql_database() as database:
        url = database.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        folder = top / "on-postgresql"
        with server(folder, PREFECT_API_DATABASE_CONNECTION_URL=url) as (api, _, _):
            row("postgresql limit", middle(run(api, folder, "limit")), "s")


if __name__ == "__main__":
    parts = {"import": imports, "start": starts, "default": default, "workbook": workbook, "client": client}
    if "--postgresql" in sys.argv:
        parts["postgresql"] = postgresql
    if "--only" in sys.argv:
        name = sys.argv[sys.argv.index("--only") + 1]
        parts = {name: (parts | {"postgresql": postgresql})[name]}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # or the servers would stay
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="facts-", ignore_cleanup_errors=True) as made_here:
        top = Path(made_here)
        for part in parts.values():
            part()
    print(f"\nmeasured in {time.monotonic() - begun:.0f} s, load {os.getloadavg()[0]:.1f}")
