"""Common mistakes with Prefect concurrency, each as two flows: the wrong one, and the right one next to it.

    python flows/pitfalls.py                # list them
    python flows/pitfalls.py tag_typo       # run both flows of one, and see how they ran

The docstring of a wrong flow says what goes wrong, as measured on Prefect 3.9. Each pitfall has its own limits, so it
can be run alone, again and again, and none touches the limit on `database`. Lessons 05 and 06 show most of these flows;
`tests/test_pitfalls.py` makes sure that what they show is what stands here.
"""

import sys

if __name__ == "__main__":  # Prefect reads its settings when it is imported, so the server comes first
    try:
        from workbook import server
    except ModuleNotFoundError as error:
        raise SystemExit(f"Error: {error}. Install as README.md says, and run this with .venv's Python.") from None
    if sys.argv[1:]:  # a mere list needs none
        server.ensure_or_exit()

import contextlib
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
from prefect import Flow, flow, get_run_logger, task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.exceptions import ObjectNotFound
from prefect.futures import as_completed, wait
from prefect.runtime import flow_run, task_run
from prefect.task_runners import ThreadPoolTaskRunner
from sqlalchemy import make_url

from flows import warehouse

SECONDS = 0.3  # how long a query takes here
LEASE_SECONDS = 60  # of a slot: the shortest that Prefect's server gives
FAKE_URL = "postgresql://learner:not-a-real-password@db.example/shop"
FAKE_KEY = "pnu_not_a_real_key"

Rows = list[dict[str, Any]]


def ask(index: int, seconds: float) -> Rows:
    """Run one of the twenty queries, 0 to 19. In the lessons, `workbook.work.ask` does this."""
    return warehouse.query(index, seconds=seconds)


@task(task_run_name="query-{index}")
def query(index: int, seconds: float = SECONDS) -> Rows:
    """Run one of the twenty queries in a task run. `query.with_options(tags=[…])` puts it under a limit."""
    return ask(index, seconds)


def set_limit(tag: str, slots: int) -> None:
    """Create or update the limit on a tag: the server runs no more than `slots` tasks with it at once."""
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(f"tag:{tag}", slots)


def remove_limit(tag: str) -> None:
    """Delete the limit on a tag, if there is one."""
    with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(f"tag:{tag}")


def slots_taken(tag: str) -> int:
    """How many slots of the limit on a tag are taken now."""
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}").active_slots


# ----------------------------------------
# Futures


@flow
def forgotten_result_wrong(seconds: float = SECONDS) -> str:
    """A failure is lost: the flow never calls .result(), so it is Completed although a query failed.

    There is no query 99. Prefect does wait for a query that is running when the flow's function returns; what happens
    to the others, `dropped_work` shows.
    """
    for index in [0, 1, 99]:
        query.submit(index, seconds)
    return "all done"


@flow
def forgotten_result_right(seconds: float = SECONDS) -> str:
    """.result() on every future raises the error of a query that failed, so the flow fails too."""
    futures = [query.submit(index, seconds) for index in [0, 1, 99]]
    for future in futures:
        future.result()
    return "all done"


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def dropped_work_wrong(count: int = 20, seconds: float = SECONDS) -> str:
    """Queries never run: those that haven't started when the flow ends are cancelled, and the flow is Completed.

    They leave no record. (A few still start, as Prefect takes up to a second to end a flow.) Without a pool but with a
    limit, those that wait for a slot end as Crashed, "cancelled by the task runner".
    """
    for index in range(count):
        query.submit(index, seconds)
    return "all done"


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def dropped_work_right(count: int = 20, seconds: float = SECONDS) -> str:
    """.result() on every future waits for it, whether it has started or not."""
    futures = [query.submit(index, seconds) for index in range(count)]
    for future in futures:
        future.result()
    return "all done"


@flow
def result_in_loop_wrong(count: int = 4, seconds: float = SECONDS) -> list[Rows]:
    """One at a time: .result() inside the loop waits for each query before the next is submitted."""
    results = []
    for index in range(count):
        results.append(query.submit(index, seconds).result())
    return results


@flow
def result_in_loop_right(count: int = 4, seconds: float = SECONDS) -> list[Rows]:
    """Submit all, then collect: all run at once."""
    futures = [query.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def lost_order_wrong(count: int = 3, seconds: float = SECONDS) -> list[Rows]:
    """The results come in the order in which the queries finished: that is what `as_completed` is for.

    `wait()` loses the order too: its `.done` and `.not_done` are sets.
    """
    futures = [query.submit(index, seconds * (count - index)) for index in range(count)]
    return [future.result() for future in as_completed(futures)]


@flow
def lost_order_right(count: int = 3, seconds: float = SECONDS) -> list[Rows]:
    """Go through your own list of futures: it is in the order of submission."""
    futures = [query.submit(index, seconds * (count - index)) for index in range(count)]
    return [future.result() for future in futures]


@flow
def returned_futures_wrong(count: int = 3, seconds: float = SECONDS) -> list[Any]:
    """The caller gets states instead of rows: Prefect waits for the returned futures, and keeps their states.

    If one of them failed, the flow does fail, but only with "1/3 states failed." and without the error.
    """
    return [query.submit(index, seconds) for index in range(count)]


@flow
def returned_futures_right(count: int = 3, seconds: float = SECONDS) -> list[Rows]:
    """Return the results instead of the futures."""
    futures = [query.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def errors_as_results_wrong(seconds: float = SECONDS) -> int:
    """A failure counts as a result: with `raise_on_failure=False`, .result() returns the exception."""
    futures = [query.submit(index, seconds) for index in [0, 1, 99]]
    results = [future.result(raise_on_failure=False) for future in futures]
    return len(results)


@flow
def errors_as_results_right(seconds: float = SECONDS) -> int:
    """Wait for all, check the state of each future, and raise an error that says how many failed."""
    futures = [query.submit(index, seconds) for index in [0, 1, 99]]
    wait(futures)
    failed = [future for future in futures if not future.state.is_completed()]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(futures)} queries failed")
    return len(futures)


# ----------------------------------------
# Tags and limits


@flow
def tag_typo_wrong(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """All run at once: a tag limits nothing if no limit has exactly its name, and nothing warns you."""
    tagged = query.with_options(tags=["pitfall_typo"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def tag_typo_right(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """The tag is exactly the name of the limit. In a real project, write that name once, as a constant."""
    tagged = query.with_options(tags=["pitfall-typo"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_too_late_wrong(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """All run at once: once a task with this tag has run, the client remembers for 5 s that there was no limit."""
    tagged = query.with_options(tags=["pitfall-late"])
    tagged.submit(0, 0).result()
    set_limit("pitfall-late", 2)
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_too_late_right(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """Create the limit before the first task with its tag runs. Here it exists before the flow starts."""
    tagged = query.with_options(tags=["pitfall-early"])
    tagged.submit(0, 0).result()
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_zero_wrong(count: int = 2, seconds: float = SECONDS) -> list[Rows]:
    """A limit of 0 doesn't hold tasks back: .result() raises ConcurrencySlotAcquisitionError at once.

    The task runs themselves stay Pending forever.
    """
    tagged = query.with_options(tags=["pitfall-zero"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_zero_right(count: int = 2, seconds: float = SECONDS) -> list[Rows]:
    """The smallest limit is 1. To hold everything back, pause the work pool."""
    tagged = query.with_options(tags=["pitfall-one"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@task(tags=["pitfall-nested"])
def report_with_slot(seconds: float, timeout: float) -> Rows:
    """A task that holds the only slot while it waits for another task that needs it."""
    tagged = query.with_options(tags=["pitfall-nested"])
    return tagged.submit(0, seconds).result(timeout=timeout)


@task
def report_without_slot(seconds: float, timeout: float) -> Rows:
    """A task that needs no slot itself while it waits for one that does."""
    tagged = query.with_options(tags=["pitfall-nested"])
    return tagged.submit(0, seconds).result(timeout=timeout)


@flow
def nested_tag_wrong(seconds: float = SECONDS, timeout: float = 1) -> Rows:
    """A deadlock: the report holds the only slot and waits for its query, and the query waits for that slot.

    Only the report's timeout ends it: the report fails, and then the query gets the slot, too late. Without a timeout
    on .result(), or with the query called instead of submitted, it hangs forever and says nothing. `timeout_seconds`
    doesn't help: it does not reach a submitted task, and if it ends a called one, the slot stays taken for a minute.
    """
    return report_with_slot.submit(seconds, timeout).result()


@flow
def nested_tag_right(seconds: float = SECONDS, timeout: float = 60) -> Rows:
    """Only the innermost task, the one that uses the database, has the tag."""
    return report_without_slot.submit(seconds, timeout).result()


first_try_failed = threading.Event()


@task(tags=["pitfall-retry"], retries=1, retry_delay_seconds=2)
def flaky_with_slot(seconds: float) -> Rows:
    """A query that fails on the first try, and keeps its slot until the second."""
    if task_run.run_count == 1:
        first_try_failed.set()
        raise ConnectionError("the database failed")
    return ask(0, seconds)


@flow
def retry_keeps_slot_wrong(seconds: float = SECONDS) -> list[Rows]:
    """The slot is idle: a task that failed keeps it through `retry_delay_seconds`, and the other query waits."""
    first_try_failed.clear()
    first = flaky_with_slot.submit(seconds)
    first_try_failed.wait()
    second = query.with_options(tags=["pitfall-retry"]).submit(1, seconds)
    return [first.result(), second.result()]


@task(tags=["pitfall-retry"])
def try_with_slot(seconds: float, number: int) -> Rows:
    """One try of a query that fails the first time. It releases its slot at the end, failed or not."""
    if number == 1:
        first_try_failed.set()
        raise ConnectionError("the database failed")
    return ask(0, seconds)


@task(retries=1, retry_delay_seconds=2)
def flaky_without_slot(seconds: float) -> Rows:
    """A task that tries again, and needs no slot itself."""
    return try_with_slot(seconds, task_run.run_count)


@flow
def retry_keeps_slot_right(seconds: float = SECONDS) -> list[Rows]:
    """The task that tries again has no tag. The one that it calls has it, and releases the slot after each try."""
    first_try_failed.clear()
    first = flaky_without_slot.submit(seconds)
    first_try_failed.wait()
    second = query.with_options(tags=["pitfall-retry"]).submit(1, seconds)
    return [first.result(), second.result()]


HOLD_A_SLOT = """
import time
from prefect import flow, task
@task(tags=["pitfall-killed"])
def hold_a_slot():
    print("I have my slot", flush=True)
    time.sleep(60)

@flow
def client():
    hold_a_slot()
client()
"""


def client_with_slot() -> subprocess.Popen:
    """Start a process that holds a slot for a minute, and return when it has it."""
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", HOLD_A_SLOT], **quiet)
    process.stdout.readline()  # by now it has its slot
    return process


@flow
def killed_process_wrong() -> int:
    """The slot stays taken: a process that is killed can't release it.

    The server releases it when its lease ends, after up to a minute. Returns the number of slots that are taken.
    """
    remove_limit("pitfall-killed")  # with whatever an earlier process has left taken
    set_limit("pitfall-killed", 1)
    with client_with_slot() as process:
        process.kill()
    return slots_taken("pitfall-killed")


@flow
def killed_process_right() -> int:
    """Ask the process to end (SIGTERM, as `kill` without -9): its tasks crash, and release their slots."""
    remove_limit("pitfall-killed")
    set_limit("pitfall-killed", 1)
    with client_with_slot() as process:
        process.terminate()
    return slots_taken("pitfall-killed")


@contextlib.contextmanager
def server_of_its_own(folder: str, leases: str) -> Iterator[SyncPrefectClient]:
    """A Prefect server with its database in `folder`, and a client for it; at the end it is killed, as in a crash."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "PREFECT_HOME": folder,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder}/prefect.db",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": f"prefect.server.concurrency.lease_storage.{leases}",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",  # how often it looks for leases that have ended
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    command = [
        sys.executable,
        "-m",
        "prefect",
        "server",
        "start",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ui",
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with psutil.Popen(command, env=os.environ | settings, **quiet) as server:
        try:
            with SyncPrefectClient(settings["PREFECT_API_URL"]) as client:
                while client.api_healthcheck() is not None:
                    if server.poll() is not None:
                        raise RuntimeError("The server of this pitfall could not start: is the disk full?")
                    time.sleep(0.2)  # between two looks
                yield client
        finally:
            for process in [*server.children(recursive=True), server] if server.is_running() else []:
                process.kill()


def slots_after_crash(leases: str) -> int:
    """Take a slot on a server, kill and restart that server, and see how many are taken when the lease has ended."""
    with tempfile.TemporaryDirectory(prefix="workbook-pitfall-") as folder:
        with server_of_its_own(folder, leases) as client:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="tag:pitfall-restart", limit=1))
            client.increment_concurrency_slots_with_lease(["tag:pitfall-restart"], 1, "concurrency", LEASE_SECONDS)
        with server_of_its_own(folder, leases) as client:
            until = time.monotonic() + LEASE_SECONDS + 10
            while taken := client.read_global_concurrency_limit_by_name("tag:pitfall-restart").active_slots:
                if time.monotonic() > until:
                    break
                time.sleep(0.5)  # between two looks
            return taken


@flow
def restarted_server_wrong() -> int:
    """The slot leaks for good: the server keeps leases in memory, and the count of taken slots in its database.

    The server that is killed here is the pitfall's own. It takes a minute and a half, as no lease is shorter than a
    minute. Returns the number of slots that are taken.
    """
    return slots_after_crash("memory")


@flow
def restarted_server_right() -> int:
    """With leases in files, the server finds them again, and releases the slot when its lease has ended."""
    return slots_after_crash("filesystem")


# ----------------------------------------
# Pools and batches


@task
def report_that_submits(seconds: float, timeout: float) -> Rows:
    """A task that submits another task and waits for it."""
    return query.submit(0, seconds).result(timeout=timeout)


@task
def report_that_calls(seconds: float) -> Rows:
    """A task that calls another task: it runs in the same worker."""
    return query(0, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def nested_pool_wrong(seconds: float = SECONDS, timeout: float = 1) -> Rows:
    """A deadlock: the report occupies the only worker and waits for its query, and the query waits for that worker.

    With more workers, as many reports at once do the same. Only the report's timeout ends it.
    """
    return report_that_submits.submit(seconds, timeout).result()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def nested_pool_right(seconds: float = SECONDS) -> Rows:
    """A task calls another one instead of submitting it, so both run in the same worker."""
    return report_that_calls.submit(seconds).result()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def waiters_fill_pool_wrong(seconds: float = SECONDS) -> list[Rows]:
    """Query 3 needs no slot and still waits: a task that waits for its slot occupies a worker the whole time."""
    tagged = query.with_options(tags=["pitfall-waiters"])
    futures = [tagged.submit(index, seconds) for index in range(3)]
    futures.append(query.submit(3, seconds))
    return [future.result() for future in futures]


@flow
def waiters_fill_pool_right(seconds: float = SECONDS) -> list[Rows]:
    """Leave the limiting to the limit: the default task runner has a worker for every task."""
    tagged = query.with_options(tags=["pitfall-waiters"])
    futures = [tagged.submit(index, seconds) for index in range(3)]
    futures.append(query.submit(3, seconds))
    return [future.result() for future in futures]


@task(task_run_name="query-{index}")
def query_of_three(index: int, seconds: float) -> Rows:
    """A query over a pool of three connections. It waits at most a third of its own time for a free one."""
    pool = warehouse.engine(pool_size=3, pool_timeout=seconds / 3)
    return warehouse.query(index, seconds=seconds, pool=pool)


@flow
def exhausted_connections_wrong(count: int = 6, seconds: float = 1) -> list[Rows]:
    """Six queries share three connections: three of them wait in vain (SQLAlchemy: QueuePool limit reached)."""
    futures = [query_of_three.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def exhausted_connections_right(count: int = 6, seconds: float = 1) -> list[Rows]:
    """A limit of three: the other queries wait for a slot, and each query that has one finds a connection."""
    tagged = query_of_three.with_options(tags=["pitfall-connections"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_in_a_pool(tags: list[str], seconds: float) -> list[Rows]:
    """Three queries in a pool of three workers."""
    futures = [query.with_options(tags=tags).submit(index, seconds) for index in range(3)]
    return [future.result() for future in futures]


@task
def run_three_in_a_pool(tags: list[str], seconds: float) -> list[Rows]:
    """Runs that flow in a task, so that it can be submitted."""
    return three_in_a_pool(tags, seconds)


@flow
def pool_per_flow_wrong(seconds: float = 1) -> list[list[Rows]]:
    """Six at once: a pool of three workers belongs to one flow run, and two of them run here."""
    runs = [run_three_in_a_pool.submit([], seconds) for _ in range(2)]
    return [run.result() for run in runs]


@flow
def pool_per_flow_right(seconds: float = 1) -> list[list[Rows]]:
    """What several flows share needs a limit on the server, which they all ask for a slot."""
    runs = [run_three_in_a_pool.submit(["pitfall-shared"], seconds) for _ in range(2)]
    return [run.result() for run in runs]


@flow
def limit_as_pool_wrong(count: int = 9, seconds: float = SECONDS) -> list[Rows]:
    """Slots are empty for moments: a waiting query asks the server again and again, so each hand-over takes time.

    That hardly matters for queries of minutes, but it does for those of a second. `workbook.diagnosis` says how long
    it took.
    """
    tagged = query.with_options(tags=["pitfall-pool"])
    futures = [tagged.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def limit_as_pool_right(count: int = 9, seconds: float = SECONDS) -> list[Rows]:
    """If no other flow uses the resource, a pool of three workers is enough: a free worker takes the next query."""
    futures = [query.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def idle_batches_wrong(seconds: float = SECONDS) -> list[Rows]:
    """Slots are idle: one query in each batch takes long, and the next batch waits for it."""
    results = []
    for batch in ([0, 1, 2], [3, 4, 5], [6, 7, 8]):
        futures = [query.submit(index, 4 * seconds if index == batch[0] else seconds) for index in batch]
        results += [future.result() for future in futures]
    return results


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def idle_batches_right(seconds: float = SECONDS) -> list[Rows]:
    """Submit all, and let three workers take the next query as soon as they are free."""
    futures = [query.submit(index, 4 * seconds if index % 3 == 0 else seconds) for index in range(9)]
    return [future.result() for future in futures]


# ----------------------------------------
# What the server knows


def ended_on_record() -> int:
    """How many task runs of this flow run have ended, as far as the server has recorded it."""
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id])))
    return sum(run.state is not None and run.state.is_final() for run in runs)


@flow
def late_records_wrong(count: int = 20, seconds: float = SECONDS) -> int:
    """Task runs are missing: their records reach the server a moment after they ended, and this looks too early."""
    wait([query.submit(index, seconds) for index in range(count)])
    return ended_on_record()


@flow
def late_records_right(count: int = 20, seconds: float = SECONDS, timeout: float = 30) -> int:
    """Look again until all are there, for `timeout` seconds at most. `observe` does the same."""
    wait([query.submit(index, seconds) for index in range(count)])
    until = time.monotonic() + timeout
    while (found := ended_on_record()) < count and time.monotonic() < until:
        time.sleep(0.1)  # between two looks
    return found


# ----------------------------------------
# Credentials


@flow
def hardcoded_credential_wrong(database_url: str = FAKE_URL) -> str:
    """The password is in the repository and on the Prefect server, which keeps and shows parameters and logs."""
    get_run_logger().info("Connecting to %s", database_url)
    return make_url(database_url).host


@flow
def hardcoded_credential_right() -> None:
    """Read it from the environment where it is needed, as `flows/warehouse.py` does. Log whether it is set, no more."""
    database_url = os.environ.get("DATABASE_URL")
    get_run_logger().info("DATABASE_URL is %s", "set" if database_url else "not set")


@flow(log_prints=True)
def printed_key_wrong() -> None:
    """Eight characters of the key are on the screen and, because of `log_prints`, in the server's logs."""
    print(f"Using API key: {FAKE_KEY[:8]}...")


@flow(log_prints=True)
def printed_key_right() -> None:
    """Say whether there is a key. A reader of the log needs to know no more."""
    print(f"API key: {'set' if os.environ.get('PREFECT_API_KEY') else 'not set'}")


# ----------------------------------------
# All of them


@dataclass(frozen=True)
class Pitfall:
    """Two flows, which can both be called without arguments once their limits are set.

    Args:
        wrong: the flow that its docstring warns of.
        right: the flow that does the same well.
        limits: the limits that they need, by tag, and None for a tag that must have none. `prepare` sets them.
        limit: how many queries may run at once, where that is the point.
        finding: the code of what `workbook.diagnosis` finds in the wrong one, if it shows in a timeline.
    """

    wrong: Flow
    right: Flow
    limits: dict[str, int | None] = field(default_factory=dict)
    limit: int | None = None
    finding: str | None = None

    def prepare(self) -> None:
        """Make the server's limits those that the two flows need."""
        for tag, slots in self.limits.items():
            if slots is None:
                remove_limit(tag)
            else:
                set_limit(tag, slots)


PITFALLS = {
    "forgotten_result": Pitfall(forgotten_result_wrong, forgotten_result_right, finding="outlived-collection"),
    "dropped_work": Pitfall(dropped_work_wrong, dropped_work_right, finding="outlived-collection"),
    "result_in_loop": Pitfall(result_in_loop_wrong, result_in_loop_right, finding="one-at-a-time"),
    "lost_order": Pitfall(lost_order_wrong, lost_order_right),
    "returned_futures": Pitfall(returned_futures_wrong, returned_futures_right),
    "errors_as_results": Pitfall(errors_as_results_wrong, errors_as_results_right),
    "tag_typo": Pitfall(tag_typo_wrong, tag_typo_right, {"pitfall-typo": 2}, limit=2, finding="limit-exceeded"),
    "limit_too_late": Pitfall(
        limit_too_late_wrong,
        limit_too_late_right,
        {"pitfall-late": None, "pitfall-early": 2},
        limit=2,
        finding="limit-exceeded",
    ),
    "limit_zero": Pitfall(limit_zero_wrong, limit_zero_right, {"pitfall-zero": 0, "pitfall-one": 1}),
    "nested_tag": Pitfall(nested_tag_wrong, nested_tag_right, {"pitfall-nested": 1}),
    "retry_keeps_slot": Pitfall(retry_keeps_slot_wrong, retry_keeps_slot_right, {"pitfall-retry": 1}),
    "killed_process": Pitfall(killed_process_wrong, killed_process_right),
    "restarted_server": Pitfall(restarted_server_wrong, restarted_server_right),
    "nested_pool": Pitfall(nested_pool_wrong, nested_pool_right),
    "waiters_fill_pool": Pitfall(waiters_fill_pool_wrong, waiters_fill_pool_right, {"pitfall-waiters": 1}),
    "exhausted_connections": Pitfall(
        exhausted_connections_wrong, exhausted_connections_right, {"pitfall-connections": 3}
    ),
    "pool_per_flow": Pitfall(
        pool_per_flow_wrong, pool_per_flow_right, {"pitfall-shared": 3}, limit=3, finding="limit-exceeded"
    ),
    "limit_as_pool": Pitfall(limit_as_pool_wrong, limit_as_pool_right, {"pitfall-pool": 3}, limit=3),
    "idle_batches": Pitfall(idle_batches_wrong, idle_batches_right, finding="batch-barriers"),
    "late_records": Pitfall(late_records_wrong, late_records_right),
    "hardcoded_credential": Pitfall(hardcoded_credential_wrong, hardcoded_credential_right),
    "printed_key": Pitfall(printed_key_wrong, printed_key_right),
}


def main(names: list[str]) -> None:
    """Run the pitfalls of these names, or list all of them."""
    if unknown := [name for name in names if name not in PITFALLS]:
        sys.exit(f"Error: there is no pitfall {unknown[0]!r}. `python flows/pitfalls.py` lists them.")
    if not names:
        for name, pitfall in PITFALLS.items():
            print(f"{name:22} {pitfall.wrong.description.splitlines()[0]}")
        return
    try:
        warehouse.prepare()
    except warehouse.WarehouseError as error:
        sys.exit(f"Error: {error}")
    said = []  # shown at the end, or log lines would come in between
    for pitfall in [PITFALLS[name] for name in names]:
        pitfall.prepare()
        said += [told(made, pitfall.limit) for made in (pitfall.wrong, pitfall.right)]
    print("", *said, sep="\n")


def told(made: Flow, limit: int | None) -> str:
    """Run a flow, and say what it is about, how its tasks ran, and how it ended."""
    from workbook import observe
    from workbook.figures.textual import as_text
    from workbook.timelines.diagnosis import explain

    seen = observe(made)
    ran = seen.timeline if limit is None else seen.timeline.where(task="query")
    outcome = repr(seen.error) if seen.error else f"result {seen.result!r}"
    outcome = outcome if len(outcome) < 150 else f"{outcome[:150]}…"
    parts = [f"{made.fn.__name__}: {made.description}", as_text(ran, limit), explain(ran, limit)]
    return "\n\n".join([*parts, f"{seen.state.name}: {outcome}\n"])


if __name__ == "__main__":
    main(sys.argv[1:])
