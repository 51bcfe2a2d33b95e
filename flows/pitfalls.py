"""The traps of Prefect concurrency, each as two flows: the wrong one, and the right one beside it.

    python flows/pitfalls.py                # what there is
    python flows/pitfalls.py tag_typo       # run both, and see how they ran

The docstring of a wrong flow says what goes wrong, as measured on Prefect 3.9. The flows set their own limits, on tags
of their own: each can be run alone, again and again, and none touches the limit on `database`.
"""

import sys

if __name__ == "__main__" and sys.argv[1:]:  # Prefect reads its settings at import; a mere list needs no server
    from workbook import server

    server.ensure_or_exit()

import contextlib
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
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
NO_SUCH_QUERY = 99  # there are twenty, so asking for this one fails
FAKE_URL = "postgresql://learner:not-a-real-password@db.example/shop"
FAKE_KEY = "pnu_not_a_real_key"

Rows = list[dict[str, Any]]


@task(task_run_name="query-{index}")
def query(index: int, seconds: float = SECONDS) -> Rows:
    """Run one of the twenty queries. A flow that wants it under a limit says `query.with_options(tags=[…])`."""
    return warehouse.query(index, seconds=seconds)


def set_limit(tag: str, slots: int) -> None:
    """Let the server run no more than `slots` tasks with this tag at once."""
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(f"tag:{tag}", slots)


def remove_limit(tag: str) -> None:
    with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
        client.delete_global_concurrency_limit_by_name(f"tag:{tag}")


def slots_taken(tag: str) -> int:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}").active_slots


# ----------------------------------------
# Futures


@flow
def forgotten_result_wrong(seconds: float = SECONDS) -> str:
    """A failure is lost: nobody asks for the results, so the flow is Completed although a query failed.

    Prefect does wait for a query that has begun when the flow's function returns; see `dropped_work` for the others.
    """
    for index in (0, 1, NO_SUCH_QUERY):
        query.submit(index, seconds)
    return "all done"


@flow
def forgotten_result_right(seconds: float = SECONDS) -> str:
    """`.result()` on every future raises what went wrong, so the flow fails with it."""
    futures = [query.submit(index, seconds) for index in (0, 1, NO_SUCH_QUERY)]
    for future in futures:
        future.result()
    return "all done"


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def dropped_work_wrong(count: int = 20, seconds: float = SECONDS) -> str:
    """Queries are never run: those that have not begun when the flow ends are cancelled, and the flow is Completed.

    They leave no record. (A few still begin, as Prefect takes up to a second to end a flow.) Without a pool but with a
    limit, those that wait for a slot end as Crashed, "cancelled by the task runner".
    """
    for index in range(count):
        query.submit(index, seconds)
    return "all done"


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def dropped_work_right(count: int = 20, seconds: float = SECONDS) -> str:
    """`.result()` on every future waits for it, begun or not."""
    futures = [query.submit(index, seconds) for index in range(count)]
    for future in futures:
        future.result()
    return "all done"


@flow
def result_in_loop_wrong(count: int = 4, seconds: float = SECONDS) -> list[Rows]:
    """One at a time: `.result()` inside the loop waits for each query before the next is submitted."""
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
    """The results come in the order in which the queries ended: `as_completed` is made for that.

    `wait()` loses the order too: its `.done` and `.not_done` are sets.
    """
    futures = [query.submit(index, seconds * (count - index)) for index in range(count)]
    return [future.result() for future in as_completed(futures)]


@flow
def lost_order_right(count: int = 3, seconds: float = SECONDS) -> list[Rows]:
    """Go through your own list of futures: it is in the order of submission."""
    futures = [query.submit(index, seconds * (count - index)) for index in range(count)]
    wait(futures)
    return [future.result() for future in futures]


@flow
def returned_futures_wrong(count: int = 3, seconds: float = SECONDS) -> list[Any]:
    """The caller gets states instead of rows: Prefect waits for the futures, and makes them the flow's states.

    The flow does fail if one of them did, but only with "1/3 states failed.", and not with the error.
    """
    return [query.submit(index, seconds) for index in range(count)]


@flow
def returned_futures_right(count: int = 3, seconds: float = SECONDS) -> list[Rows]:
    """Return the results, and not the promises of them."""
    futures = [query.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def errors_as_results_wrong(seconds: float = SECONDS) -> int:
    """A failure counts as a result: with `raise_on_failure=False` the exception is what `.result()` returns."""
    futures = [query.submit(index, seconds) for index in (0, 1, NO_SUCH_QUERY)]
    results = [future.result(raise_on_failure=False) for future in futures]
    return len(results)


@flow
def errors_as_results_right(seconds: float = SECONDS) -> int:
    """Let all end, ask each future for its state, and fail with the names of those that failed."""
    futures = [query.submit(index, seconds) for index in (0, 1, NO_SUCH_QUERY)]
    wait(futures)
    failed = [future for future in futures if not future.state.is_completed()]
    if failed:
        raise RuntimeError(f"{len(failed)} of {len(futures)} queries failed: {failed[0].state.message}")
    return len(futures)


# ----------------------------------------
# Tags and limits


@flow
def tag_typo_wrong(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """All run at once: a tag that has no limit of exactly its name limits nothing, and nothing warns of it."""
    set_limit("pitfall-typo", 2)
    limited = query.with_options(tags=["pitfall_typo"])
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def tag_typo_right(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """Write the name once, and use it for the limit and the tag."""
    tag = "pitfall-typo"
    set_limit(tag, 2)
    limited = query.with_options(tags=[tag])
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_too_late_wrong(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """All run at once: when a task with this tag has run, the client remembers for 5 s that there was no limit."""
    remove_limit("pitfall-late")
    limited = query.with_options(tags=["pitfall-late"])
    limited.submit(0, 0).result()
    set_limit("pitfall-late", 2)
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_too_late_right(count: int = 6, seconds: float = SECONDS) -> list[Rows]:
    """Create the limit before the first task with its tag runs, or wait for 5 s after creating it."""
    set_limit("pitfall-early", 2)
    limited = query.with_options(tags=["pitfall-early"])
    limited.submit(0, 0).result()
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_zero_wrong(count: int = 2, seconds: float = SECONDS) -> list[Rows]:
    """A limit of 0 does not hold tasks back: `.result()` raises ConcurrencySlotAcquisitionError at once.

    The task runs themselves stay Pending for ever.
    """
    set_limit("pitfall-zero", 0)
    limited = query.with_options(tags=["pitfall-zero"])
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def limit_zero_right(count: int = 2, seconds: float = SECONDS) -> list[Rows]:
    """The smallest limit is 1. To hold everything back, pause the deployment or its work pool."""
    set_limit("pitfall-one", 1)
    limited = query.with_options(tags=["pitfall-one"])
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@task
def report(tags: list[str], seconds: float, patience: float) -> Rows:
    """A task that has its query run as another task, and gives up when that takes too long."""
    return query.with_options(tags=tags).submit(0, seconds).result(timeout=patience)


@flow
def nested_tag_wrong(seconds: float = SECONDS, patience: float = 1) -> Rows:
    """A deadlock: the report holds the only slot and waits for its query, and the query waits for that slot.

    Only the report's patience ends it: the report fails, and then the query gets the slot, in vain. Without a timeout
    on `.result()`, or with the query called instead of submitted, it hangs for ever and says nothing. `timeout_seconds`
    is no remedy: it does not reach a submitted task, and if it ends a called one, the slot stays taken for a minute.
    """
    set_limit("pitfall-nested", 1)
    tagged = report.with_options(tags=["pitfall-nested"])
    return tagged.submit(["pitfall-nested"], seconds, patience).result()


@flow
def nested_tag_right(seconds: float = SECONDS, patience: float = 60) -> Rows:
    """Only the innermost task, the one that uses the database, has the tag."""
    set_limit("pitfall-nested", 1)
    return report.submit(["pitfall-nested"], seconds, patience).result()


@flow
def retry_keeps_slot_wrong(seconds: float = SECONDS, delay: float = 1) -> list[Rows]:
    """The slot is idle: a task that failed keeps it through `retry_delay_seconds`, and the other query waits."""
    set_limit("pitfall-retry", 1)
    failed = threading.Event()

    @task(tags=["pitfall-retry"], retries=1, retry_delay_seconds=delay)
    def flaky() -> Rows:
        if task_run.run_count == 1:
            failed.set()
            raise ConnectionError("the database hung up")
        return warehouse.query(0, seconds=seconds)

    first = flaky.submit()
    failed.wait()
    second = query.with_options(tags=["pitfall-retry"]).submit(1, seconds)
    return [first.result(), second.result()]


@flow
def retry_keeps_slot_right(seconds: float = SECONDS, delay: float = 1) -> list[Rows]:
    """The task that tries again has no tag; the one that it calls has, and returns the slot after each try."""
    set_limit("pitfall-retry", 1)
    failed = threading.Event()

    @task(tags=["pitfall-retry"])
    def one_try(number: int) -> Rows:
        if number == 1:
            raise ConnectionError("the database hung up")
        return warehouse.query(0, seconds=seconds)

    @task(retries=1, retry_delay_seconds=delay)
    def flaky() -> Rows:
        try:
            return one_try(task_run.run_count)
        finally:
            failed.set()

    first = flaky.submit()
    failed.wait()
    second = query.with_options(tags=["pitfall-retry"]).submit(1, seconds)
    return [first.result(), second.result()]


@task(tags=["pitfall-killed"])
def wait_with_slot() -> None:
    print("I have my slot", flush=True)
    time.sleep(60)


@flow
def hold_slot() -> None:
    """Hold a slot for a minute, in a process of its own that will be ended before."""
    wait_with_slot()


def process_with_slot() -> subprocess.Popen:
    """Start a process that runs `hold_slot`, and return when it has its slot."""
    remove_limit("pitfall-killed")  # with whatever a former process has left taken
    set_limit("pitfall-killed", 1)
    command = [sys.executable, "-c", "from flows.pitfalls import hold_slot; hold_slot()"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


@flow
def killed_process_wrong() -> int:
    """The slot stays taken, by nobody: a process that is killed cannot give it back.

    The server does so when the lease ends, after up to a minute. Returns the number of slots that are taken.
    """
    with process_with_slot() as process:
        process.kill()
    return slots_taken("pitfall-killed")


@flow
def killed_process_right() -> int:
    """Ask the process to end (SIGTERM, as `kill` without -9): its tasks crash, and give their slots back."""
    with process_with_slot() as process:
        process.terminate()
    return slots_taken("pitfall-killed")


@contextlib.contextmanager
def server_of_its_own(folder: str, leases: str) -> Iterator[SyncPrefectClient]:
    """A Prefect server with its database in `folder`, and a client of it; at the end it is killed, as in a crash."""
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
    """The slot stays taken for good: a server keeps the leases in its memory, and the count in its database.

    The server that is killed here is one of the pitfall's own. It takes a minute and a half: no lease is shorter than
    a minute. Returns the number of slots that are taken.
    """
    return slots_after_crash("memory")


@flow
def restarted_server_right() -> int:
    """With leases in files the server finds them again, and takes the slot back when its lease has ended."""
    return slots_after_crash("filesystem")


# ----------------------------------------
# Pools and batches


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def nested_pool_wrong(seconds: float = SECONDS, patience: float = 1) -> Rows:
    """A deadlock: the report occupies the only worker and waits for its query, and the query waits for that worker.

    With more workers, as many reports at once do the same. Only the report's patience ends it.
    """
    return report.submit([], seconds, patience).result()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def nested_pool_right(seconds: float = SECONDS) -> Rows:
    """A task calls another instead of submitting it: that one runs in the same worker."""

    @task
    def report_that_calls() -> Rows:
        return query(0, seconds)

    return report_that_calls.submit().result()


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def waiters_fill_pool_wrong(seconds: float = SECONDS) -> list[Rows]:
    """Query 3 needs no slot and still waits: a task that waits for its slot occupies a worker meanwhile."""
    set_limit("pitfall-waiters", 1)
    limited = query.with_options(tags=["pitfall-waiters"])
    futures = [limited.submit(index, seconds) for index in range(3)]
    futures.append(query.submit(3, seconds))
    return [future.result() for future in futures]


@flow
def waiters_fill_pool_right(seconds: float = SECONDS) -> list[Rows]:
    """Leave the limiting to the limit: the default task runner has a worker for everyone."""
    set_limit("pitfall-waiters", 1)
    limited = query.with_options(tags=["pitfall-waiters"])
    futures = [limited.submit(index, seconds) for index in range(3)]
    futures.append(query.submit(3, seconds))
    return [future.result() for future in futures]


@task(task_run_name="query-{index}")
def query_of_three(index: int, seconds: float) -> Rows:
    """A query over a pool of three connections, which waits for a free one no longer than a third of its own time."""
    return warehouse.query(index, seconds=seconds, pool=warehouse.engine(pool_size=3, pool_timeout=seconds / 3))


@flow
def exhausted_connections_wrong(count: int = 6, seconds: float = 1) -> list[Rows]:
    """Six queries at once over three connections: the others wait in vain (SQLAlchemy: QueuePool limit reached)."""
    futures = [query_of_three.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def exhausted_connections_right(count: int = 6, seconds: float = 1) -> list[Rows]:
    """A limit of three: the other queries wait for a slot, and who has one finds a connection."""
    set_limit("pitfall-connections", 3)
    limited = query_of_three.with_options(tags=["pitfall-connections"])
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def three_queries(tags: list[str], seconds: float) -> list[Rows]:
    futures = [query.with_options(tags=tags).submit(index, seconds) for index in range(3)]
    return [future.result() for future in futures]


@task
def run_three_queries(tags: list[str], seconds: float) -> list[Rows]:
    return three_queries(tags, seconds)


@flow
def pool_per_flow_wrong(seconds: float = 1) -> list[list[Rows]]:
    """Six at once: a pool of three workers belongs to one flow run, and two of them run here."""
    runs = [run_three_queries.submit([], seconds) for _ in range(2)]
    return [run.result() for run in runs]


@flow
def pool_per_flow_right(seconds: float = 1) -> list[list[Rows]]:
    """What several flows share needs a limit on the server, where all of them ask."""
    set_limit("pitfall-shared", 3)
    runs = [run_three_queries.submit(["pitfall-shared"], seconds) for _ in range(2)]
    return [run.result() for run in runs]


@flow
def limit_as_pool_wrong(count: int = 9, seconds: float = SECONDS) -> list[Rows]:
    """Slots stand empty: a waiting query has to ask the server again and again, so each hand-over takes its time.

    It is nothing to queries of minutes, and much to those of a second; `workbook.diagnosis` says how long it took.
    """
    set_limit("pitfall-pool", 3)
    limited = query.with_options(tags=["pitfall-pool"])
    futures = [limited.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def limit_as_pool_right(count: int = 9, seconds: float = SECONDS) -> list[Rows]:
    """If no other flow shares the resource, a pool of three workers does it: a free worker takes the next at once."""
    futures = [query.submit(index, seconds) for index in range(count)]
    return [future.result() for future in futures]


@flow
def idle_batches_wrong(seconds: float = SECONDS) -> list[Rows]:
    """Slots idle: one query in each batch takes long, and the next batch waits for it."""
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
    """How many task runs of this flow run have ended, as far as the server has written it down."""
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run.id])))
    return sum(run.state is not None and run.state.is_final() for run in runs)


@flow
def late_records_wrong(count: int = 20, seconds: float = SECONDS) -> int:
    """Task runs are missing: they reach the server's records a moment after they have ended, and the look is early."""
    wait([query.submit(index, seconds) for index in range(count)])
    return ended_on_record()


@flow
def late_records_right(count: int = 20, seconds: float = SECONDS, patience: float = 30) -> int:
    """Look again until all are there, and no longer than `patience` seconds, as `workbook.observe` does."""
    wait([query.submit(index, seconds) for index in range(count)])
    until = time.monotonic() + patience
    while (found := ended_on_record()) < count and time.monotonic() < until:
        time.sleep(0.1)  # between two looks
    return found


# ----------------------------------------
# Credentials


@flow
def hardcoded_credential_wrong(database_url: str = FAKE_URL) -> str:
    """The password is in the repository, and on the Prefect server: it keeps parameters and logs, and shows them."""
    get_run_logger().info("Connecting to %s", database_url)
    return make_url(database_url).host


@flow
def hardcoded_credential_right() -> str:
    """Read it from the environment where it is needed, as `flows/warehouse.py` does; say that it is set, not what."""
    database_url = os.environ.get("DATABASE_URL")
    get_run_logger().info("DATABASE_URL is %s", "set" if database_url else "not set")
    return warehouse.url().get_backend_name()


@flow(log_prints=True)
def printed_key_wrong() -> None:
    """Eight characters of the key are on the screen and, with `log_prints`, in the server's logs."""
    print(f"Using API key: {FAKE_KEY[:8]}...")


@flow(log_prints=True)
def printed_key_right() -> None:
    """Say whether there is one: that is all that a reader of the log has to know."""
    print(f"API key: {'set' if os.environ.get('PREFECT_API_KEY') else 'not set'}")


# ----------------------------------------
# All of them


@dataclass(frozen=True)
class Pitfall:
    """Two flows, both to be called without arguments.

    Args:
        wrong: the flow that its docstring warns of.
        right: the flow that does the same well.
        limit: how many queries may run at once, where that is the point.
        finding: the code of what `workbook.diagnosis` finds in the wrong one, if it shows in a timeline.
    """

    wrong: Flow
    right: Flow
    limit: int | None = None
    finding: str | None = None


PITFALLS = {
    "forgotten_result": Pitfall(forgotten_result_wrong, forgotten_result_right, finding="outlived-collection"),
    "dropped_work": Pitfall(dropped_work_wrong, dropped_work_right, finding="outlived-collection"),
    "result_in_loop": Pitfall(result_in_loop_wrong, result_in_loop_right, finding="one-at-a-time"),
    "lost_order": Pitfall(lost_order_wrong, lost_order_right),
    "returned_futures": Pitfall(returned_futures_wrong, returned_futures_right),
    "errors_as_results": Pitfall(errors_as_results_wrong, errors_as_results_right),
    "tag_typo": Pitfall(tag_typo_wrong, tag_typo_right, limit=2, finding="limit-exceeded"),
    "limit_too_late": Pitfall(limit_too_late_wrong, limit_too_late_right, limit=2, finding="limit-exceeded"),
    "limit_zero": Pitfall(limit_zero_wrong, limit_zero_right),
    "nested_tag": Pitfall(nested_tag_wrong, nested_tag_right),
    "retry_keeps_slot": Pitfall(retry_keeps_slot_wrong, retry_keeps_slot_right),
    "killed_process": Pitfall(killed_process_wrong, killed_process_right),
    "restarted_server": Pitfall(restarted_server_wrong, restarted_server_right),
    "nested_pool": Pitfall(nested_pool_wrong, nested_pool_right),
    "waiters_fill_pool": Pitfall(waiters_fill_pool_wrong, waiters_fill_pool_right),
    "exhausted_connections": Pitfall(exhausted_connections_wrong, exhausted_connections_right),
    "pool_per_flow": Pitfall(pool_per_flow_wrong, pool_per_flow_right, limit=3, finding="limit-exceeded"),
    "limit_as_pool": Pitfall(limit_as_pool_wrong, limit_as_pool_right, limit=3),
    "idle_batches": Pitfall(idle_batches_wrong, idle_batches_right, finding="batch-barriers"),
    "late_records": Pitfall(late_records_wrong, late_records_right),
    "hardcoded_credential": Pitfall(hardcoded_credential_wrong, hardcoded_credential_right),
    "printed_key": Pitfall(printed_key_wrong, printed_key_right),
}


def main(names: list[str]) -> None:
    """Run the pitfalls of these names, or list all of them."""
    if unknown := [name for name in names if name not in PITFALLS]:
        sys.exit(f"Error: there is no pitfall {unknown[0]!r}: `python flows/pitfalls.py` lists those that there are.")
    if not names:
        for name, pitfall in PITFALLS.items():
            print(f"{name:22} {pitfall.wrong.description.splitlines()[0]}")
        return
    try:
        warehouse.prepare()
    except warehouse.WarehouseError as error:
        sys.exit(f"Error: {error}")
    flows = [(made, PITFALLS[name].limit) for name in names for made in (PITFALLS[name].wrong, PITFALLS[name].right)]
    said = [told(made, limit) for made, limit in flows]  # shown after the last, or logs would come in between
    print("", *said, sep="\n")


def told(made: Flow, limit: int | None) -> str:
    """Run a flow, and say what it is about, how its tasks ran, and what came of it."""
    from workbook import observe
    from workbook.diagnosis import explain
    from workbook.textplot import as_text

    seen = observe(made)
    ran = seen.timeline if limit is None else seen.timeline.where(task="query")
    outcome = repr(seen.error) if seen.error else f"result {seen.result!r}"
    outcome = outcome if len(outcome) < 150 else f"{outcome[:150]}…"
    parts = [f"{made.fn.__name__}: {made.description}", as_text(ran, limit), explain(ran, limit)]
    return "\n\n".join([*parts, f"{seen.state.name}: {outcome}\n"])


if __name__ == "__main__":
    main(sys.argv[1:])
