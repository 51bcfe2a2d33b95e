"""Part two: the same twenty queries, three at a time, as each tool's users write it (snippets/).

Every query notes its start and its end in a file, in whichever process it runs, so all are measured alike. With two
processes, the file shows whether the cap held for both together.
"""

import ast
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import measures, surroundings
from benchmarks.results import Results, in_short
from benchmarks.surroundings import NotRun
from tests import production
from workbook.timelines.span import Span
from workbook.timelines.timeline import Timeline

SNIPPETS = Path(__file__).parent / "snippets"
CAP = 3
SCRIPT_SECONDS = 240  # within which a snippet must end
CRASH_SECONDS = 420  # the same after a crash: a lease of `concurrency()` is for five minutes
READY_SECONDS = 60
PREFECT = [sys.executable, "-m", "prefect"]
GCL = [*PREFECT, "gcl", "create"]


@dataclass(frozen=True)
class Setting:
    """What a snippet runs in: its environment, a folder for logs, the Python, and what that Python has (versions)."""

    environment: dict[str, str]
    folder: Path
    python: str = sys.executable
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alternative:
    """One way to have at most three queries at once.

    Args:
        name: as in the table.
        snippet: the file in snippets/, all that its user writes.
        where: what it needs around it, for as long as it is measured.
        seen: what one can look at afterwards.
        setup: what its user types once, as the table shows it.
        slow: a run takes minutes, so a short benchmark leaves it out, and a full one only measures it once.
        crashes: whether to measure how soon it goes on after a crash; not where separate workers run the queries.
        leased: after a crash it waits for minutes. It is measured last, next to the others that wait.
    """

    name: str
    snippet: str
    where: Callable[[Path, Path], AbstractContextManager[Setting]]
    seen: str
    setup: str = ""
    slow: bool = False
    crashes: bool = True
    leased: bool = False


# ----------------------------------------
# What they need


@contextlib.contextmanager
def nothing(folder: Path, intervals: Path) -> Iterator[Setting]:
    yield Setting(surroundings.clean_environment(folder), folder)


def prefect(server: Callable, limit: str = "") -> Callable[[Path, Path], AbstractContextManager[Setting]]:
    """A server, with a global limit of this name if there is one."""

    @contextlib.contextmanager
    def where(folder: Path, intervals: Path) -> Iterator[Setting]:
        with server(folder) as started:
            environment = surroundings.clean_environment(folder, **_prefects(started.environment))
            if limit:
                surroundings.call([*GCL, limit, "--limit", str(CAP)], environment, folder, READY_SECONDS)
            yield Setting(environment, folder)

    return where


def _prefects(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith("PREFECT_")}


def _wait_until_ready(worker: production.Running, says: str) -> None:
    production.wait_for(lambda: says in worker.printed() or worker.process.poll() is not None, worker.printed)
    if says not in worker.printed():
        raise NotRun(f"its worker ended: {(worker.printed().splitlines() or ['without a word'])[-1]}")


@contextlib.contextmanager
def work_pool(folder: Path, intervals: Path) -> Iterator[Setting]:
    with prefect(surroundings.workbook_server)(folder, intervals) as setting:
        for words in (["create", "bench", "--type", "process"], ["set-concurrency-limit", "bench", str(CAP)]):
            surroundings.call([*PREFECT, "work-pool", *words], setting.environment, folder, READY_SECONDS)
        worker = [*PREFECT, "worker", "start", "--pool", "bench"]
        environment = setting.environment | {"BENCHMARK_INTERVALS": str(intervals)}
        with production.started(worker, folder / "worker.log", environment) as running:
            _wait_until_ready(running, "started!")
            yield setting


@contextlib.contextmanager
def celery(folder: Path, intervals: Path) -> Iterator[Setting]:
    python, versions = surroundings.throw_away_python(folder / "venv", ("celery[redis]",))
    with surroundings.redis_database() as url:
        environment = surroundings.clean_environment(folder)
        environment |= {"CELERY_BROKER_URL": url, "CELERY_RESULT_BACKEND": url}
        options = f"-m celery -A celery_worker worker --concurrency {CAP} --loglevel INFO"
        worker = [str(python), *options.split()]
        theirs = environment | {"BENCHMARK_INTERVALS": str(intervals)}
        with production.started(worker, folder / "worker.log", theirs) as running:
            _wait_until_ready(running, " ready.")
            yield Setting(environment, folder, str(python), versions)


@contextlib.contextmanager
def dagster(folder: Path, intervals: Path) -> Iterator[Setting]:
    python, versions = surroundings.throw_away_python(folder / "venv", ("dagster",))
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    environment = surroundings.clean_environment(folder) | {"DAGSTER_HOME": str(home)}
    limit = [str(python), "-m", "dagster", "instance", "concurrency", "set", "database", str(CAP)]
    surroundings.call(limit, environment, folder, READY_SECONDS)
    yield Setting(environment, folder, str(python), versions)


@contextlib.contextmanager
def airflow(folder: Path, intervals: Path) -> Iterator[Setting]:
    """All of Airflow's services as `airflow standalone` starts them, with our program as the only DAG."""
    python, versions = surroundings.throw_away_python(folder / "venv", ("apache-airflow",))
    port, *logs = (production.free_port() for _ in range(3))
    address = f"http://127.0.0.1:{port}"
    environment = surroundings.clean_environment(folder) | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__API__BASE_URL": address,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(SNIPPETS),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{address}/execution/",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(logs[0]),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs[1]),
        "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),  # its services start `airflow`
    }
    services = environment | {"BENCHMARK_INTERVALS": str(intervals)}
    command = [str(python), "-m", "airflow"]
    with production.started([*command, "standalone"], folder / "airflow.log", services) as running:
        _wait_until_ready(running, "Airflow is ready")
        surroundings.call(
            [*command, "pools", "set", "database", str(CAP), "queries"], environment, folder, READY_SECONDS
        )
        surroundings.call([*command, "dags", "reserialize"], services, folder, READY_SECONDS)
        yield Setting(environment, folder, str(python), versions)


RECORDS = "every task run in Prefect's UI and API"
TAG = "tag:database"
CREATE = "prefect gcl create {} --limit 3"
ALTERNATIVES = (  # in this order, as the time may not suffice for the last
    Alternative(
        "Prefect tag limit, the workbook's settings", "prefect_tag_limit", prefect(surroundings.workbook_server, TAG),
        RECORDS, CREATE.format(TAG), leased=True,
    ),
    Alternative("concurrent.futures", "threads", nothing, "nothing"),
    Alternative("asyncio with a semaphore", "semaphore", nothing, "nothing"),
    Alternative(
        "Prefect `ThreadPoolTaskRunner`", "prefect_pool", prefect(surroundings.workbook_server), RECORDS,
    ),
    Alternative(
        "Prefect tag limit, as installed", "prefect_tag_limit", prefect(surroundings.stock_server, TAG),
        RECORDS, CREATE.format(TAG), crashes=False,  # its slots are leased as above
    ),
    Alternative(
        "Celery with a worker of three", "celery_worker", celery, "results in Redis, for a day",
        "celery -A celery_worker worker --concurrency 3", crashes=False,
    ),
    Alternative("Dask with a resource", "dask_resource", nothing, "a dashboard, while it runs"),
    Alternative(
        "Prefect `concurrency()`", "prefect_concurrency", prefect(surroundings.workbook_server, "sessions"),
        RECORDS, CREATE.format("sessions"), leased=True,
    ),
    Alternative(
        "Prefect tag limit, PostgreSQL", "prefect_tag_limit", prefect(surroundings.postgresql_server, TAG),
        RECORDS, CREATE.format(TAG), leased=True,
    ),
    Alternative(
        "Airflow pool", "airflow_pool", airflow, "every task in Airflow's UI",
        "airflow pools set database 3 queries", crashes=False,
    ),
    Alternative(
        "Dagster pool", "dagster_pool", dagster, "every step in Dagster's UI",
        "dagster instance concurrency set database 3", slow=True,
    ),
    Alternative(
        "Prefect work pool's limit", "prefect_work_pool", work_pool, "every flow run in Prefect's UI and API",
        "prefect work-pool set-concurrency-limit bench 3", slow=True,
    ),
)  # fmt: skip


# ----------------------------------------
# Measuring


def side_by_side(results: Results, folder: Path, quick: bool) -> None:
    until, share = time.time() + (120 if quick else 12 * 60), 1 if quick else 20
    for number, alternative in enumerate(ALTERNATIVES):
        if quick and alternative.slow:
            results.not_run(alternative.name, "it takes minutes, and this was a short run")
        elif time.time() > until:
            results.not_run(alternative.name, "the time for this part was used up")
        else:
            try:
                _measure(results, alternative, folder / f"alternative-{number}", until, share, quick)
            except Exception as reason:  # listed in the document; the next one may work
                results.not_run(alternative.name, in_short(reason))
    if not quick:
        _after_leases(results, folder)


def _after_leases(results: Results, folder: Path) -> None:
    """Crash those whose slots are leased, one after another, and start all again before any of them is waited for."""
    with contextlib.ExitStack() as stack:
        waiting = []
        for number, case in enumerate(results.data["alternatives"]):
            alternative = next(one for one in ALTERNATIVES if one.name == case["name"])
            if alternative.leased:
                (home := folder / f"crash-{number}").mkdir()
                intervals = home / "intervals.jsonl"
                setting = stack.enter_context(alternative.where(home, intervals))
                _crash(setting, alternative, intervals)
                waiting.append((case, stack.enter_context(_running(setting, alternative, intervals, ("one",)))))
        for case, ended in waiting:
            case["crashed"] = ended(CRASH_SECONDS)[1]
            results.save()
            print(f"  {case['name']}, after a crash: {measures.recovered(case)}", flush=True)


def _measure(results: Results, alternative: Alternative, folder: Path, until: float, share: float, quick: bool) -> None:
    folder.mkdir()
    intervals = folder / "intervals.jsonl"
    with alternative.where(folder, intervals) as setting:
        results.data["versions"] |= setting.versions
        rounds, begun = None, time.time()
        while rounds is None or (len(rounds) < 5 and time.time() - begun < share and time.time() < until):
            spans, numbers = _run(setting, alternative, intervals, ("one",))
            if rounds is None:
                described = {"name": alternative.name, "snippet": f"{alternative.snippet}.py"}
                described |= {"setup": alternative.setup, "seen": alternative.seen, "lines": lines_of(alternative)}
                rounds = results.case("alternatives", **described, two=None, crashed=None)
            rounds.append(numbers)
            results.save()
            print(f"  {alternative.name}: {numbers['ratio']:.2f} times the ideal", flush=True)
        if alternative.slow:
            return
        case = results.data["alternatives"][-1]
        spans, numbers = _run(setting, alternative, intervals, ("one", "other"))
        case["two"] = {**numbers, "overlapped": overlapped(spans)}
        results.save()
        if alternative.crashes and not alternative.leased and not quick:
            _crash(setting, alternative, intervals)
            case["crashed"] = _run(setting, alternative, intervals, ("one",))[1]
            results.save()


def lines_of(alternative: Alternative) -> int:
    """The lines of code that its user writes: of the snippet, without its docstring, comments and empty lines."""
    text = (SNIPPETS / f"{alternative.snippet}.py").read_text(encoding="utf-8")
    return sum(bool(line.strip()) for line in ast.unparse(_without_docstring(text)).splitlines())


def _without_docstring(text: str) -> ast.Module:
    module = ast.parse(text)
    module.body = module.body[1:]
    return module


def overlapped(spans: list[dict]) -> bool | None:
    """Did the queries of both processes run in the same stretch of time? None if others ran them for both."""
    stretches = {}
    for span in spans:
        begin, end = stretches.get(span["by"], (span["start"], span["end"]))
        stretches[span["by"]] = (min(begin, span["start"]), max(end, span["end"]))
    if len(stretches) < 2:
        return None
    return max(begin for begin, _ in stretches.values()) < min(end for _, end in stretches.values())


def _crash(setting: Setting, alternative: Alternative, intervals: Path) -> None:
    """Start the program, and kill it while three queries are running."""
    files = (intervals.with_name("begun.jsonl"), intervals)
    for file in files:
        file.write_text("", encoding="utf-8")
    with _started(setting, alternative, intervals, "killed") as program:
        production.wait_for(lambda: len(_lines(files[0])) - len(_lines(files[1])) >= CAP, program.printed)
        program.end()


def _lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _started(
    setting: Setting, alternative: Alternative, intervals: Path, label: str, together: int = 1
) -> AbstractContextManager[production.Running]:
    """The snippet as a program, one of so many that begin at the same time."""
    environment = setting.environment | {"BENCHMARK_INTERVALS": str(intervals), "BENCHMARK_LABEL": label}
    environment |= {"BENCHMARK_TOGETHER": str(together)}
    log = setting.folder / f"script-{label}.log"
    log.unlink(missing_ok=True)
    return production.started(_command(setting, alternative), log, environment)


def _command(setting: Setting, alternative: Alternative) -> list[str]:
    return [setting.python, str(SNIPPETS / f"{alternative.snippet}.py")]


def first_full(spans: list[dict]) -> float | None:
    """The moment at which as many queries as the cap allows ran at once, for the first time."""
    starts = sorted(span["start"] for span in spans)
    return next((at for at in starts if sum(one["start"] <= at < one["end"] for one in spans) >= CAP), None)


def _run(
    setting: Setting, alternative: Alternative, intervals: Path, labels: tuple[str, ...]
) -> tuple[list[dict], dict]:
    """Run the snippet once for each label, all at the same time; the intervals of all queries, and their measures."""
    with _running(setting, alternative, intervals, labels) as ended:
        return ended(SCRIPT_SECONDS)


@contextlib.contextmanager
def _running(
    setting: Setting, alternative: Alternative, intervals: Path, labels: tuple[str, ...]
) -> Iterator[Callable[[float], tuple[list[dict], dict]]]:
    """The snippet as so many programs; call what this yields to wait so many seconds for their end and measure them."""
    intervals.unlink(missing_ok=True)
    for met in intervals.parent.glob(f"{intervals.name}.*"):
        met.unlink()
    begun = time.time()

    def ended(seconds: float) -> tuple[list[dict], dict]:
        for program in programs:
            surroundings.end(program, _command(setting, alternative), seconds)
        return _measures(_lines(intervals), len(labels), begun, time.time())

    with contextlib.ExitStack() as stack:
        programs = [
            stack.enter_context(_started(setting, alternative, intervals, label, len(labels))) for label in labels
        ]
        yield ended


def _measures(spans: list[dict], programs: int, begun: float, ended: float) -> tuple[list[dict], dict]:
    if len(spans) != 20 * programs:
        raise NotRun(f"{len(spans)} of {20 * programs} queries were recorded")
    timeline = Timeline(tuple(Span(str(s["index"]), n, s["start"], s["start"], s["end"]) for n, s in enumerate(spans)))
    first, last = timeline.spans[0].start, max(span["end"] for span in spans)
    return spans, {
        "before": first - begun,
        "full": None if (full := first_full(spans)) is None else full - begun,
        "after": ended - last,
        "makespan": timeline.makespan,
        "ideal": timeline.ideal(CAP),
        "ratio": timeline.ratio(CAP),
        "peak": timeline.peak,
    }
