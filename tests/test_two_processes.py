"""One limit over several processes: two workers, two hosts, a worker that is killed, and every task runner."""

import contextlib
import ipaddress
import os
import socket
import socketserver
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.production import PREFECT, Running, prefect_server_in, started, wait_for
from workbook.lessons import queries, query_records
from workbook.prefect_server.limits import ensure_limit, remove_limit
from workbook.prefect_server.settings import SERVER_SETTINGS
from workbook.runs.records import observe_run
from workbook.timelines.timeline import Timeline

pytestmark = [pytest.mark.second, pytest.mark.production]

LIMIT, EACH = 3, 8  # queries of each of the two flow runs

# Each run holds a slot before either goes on, and no query ends before there is a file "go".
SHARED = """
import time
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.2, task_run_name="query-{index}")
def query(index, folder):
    (folder / "holding" / f"{flow_run.id} {index}").touch()
    wait_for(folder / "go")
    return len(ask(index, 0.3))


@flow
def shared(folder: Path, tag: str, queries: int):
    tagged = query.with_options(tags=[tag])
    first = tagged.submit(0, folder)
    wait_for(folder / "both")
    futures = [first, *(tagged.submit(index, folder) for index in range(1, queries))]
    return [future.result() for future in futures]


def wait_for(file):
    while not file.exists():
        time.sleep(0.02)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server of this module's own, with the settings of the workbook's; this process is its client meanwhile."""
    with (
        prefect_server_in(tmp_path_factory.mktemp("server"), **SERVER_SETTINGS) as running,
        temporary_settings({PREFECT_API_URL: running.url}),
    ):
        yield running


@dataclass(frozen=True)
class Host:
    """Where a worker runs: what stands before its command, and the address of the server from there."""

    prefix: tuple[str, ...]
    api_url: str


@dataclass(frozen=True)
class Pair:
    """Two flow runs under one limit, each in a worker of its own, by flow run id."""

    folder: Path
    tag: str
    workers: dict[str, Running]

    def holding(self, run_id: str) -> int:
        return len(list((self.folder / "holding").glob(f"{run_id} *")))

    def timeline(self, run_id: str) -> Timeline:
        return observe_run(run_id).timeline.where(tag=self.tag)

    def go(self) -> None:
        (self.folder / "go").touch()

    def log(self) -> str:
        return "\n".join(worker.printed() for worker in self.workers.values())


@contextlib.contextmanager
def two_runs(hosts: list[Host], folder: Path, environment: dict[str, str]) -> Iterator[Pair]:
    """Two workers with a flow run each, both holding a slot of one limit, all three of them taken."""
    (folder / "holding").mkdir()
    (folder / "shared.py").write_text(SHARED, encoding="utf-8")
    name = f"shared-{uuid.uuid4().hex[:8]}"
    ensure_limit(name, LIMIT)
    with get_client(sync_client=True) as client, contextlib.ExitStack() as stack:
        client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        source = Flow.from_source(source=str(folder), entrypoint="shared.py:shared")
        deployment = source.deploy(name, work_pool_name=name, print_next_steps=False, ignore_warnings=True)
        arguments = {"folder": str(folder), "tag": name, "queries": EACH}
        workers = {}
        for number, host in enumerate(hosts):
            run = str(client.create_flow_run_from_deployment(deployment, parameters=arguments).id)
            command = [*host.prefix, *PREFECT, "worker", "start", "--pool", name, "--limit", "1", "--name", f"{number}"]
            there = environment | {"PREFECT_API_URL": host.api_url}
            workers[run] = stack.enter_context(started(command, folder / f"worker-{number}.log", there))
            # A worker with a limit of 1 takes no second run, so the next one is for the next worker.
            wait_for(lambda run=run: not client.read_flow_run(run).state.is_scheduled(), workers[run].printed)
        pair = Pair(folder, name, workers)
        wait_for(lambda: all(map(pair.holding, workers)), pair.log)
        (folder / "both").touch()
        wait_for(lambda: sum(map(pair.holding, workers)) == LIMIT, pair.log)
        yield pair
        remove_limit(name)


@pytest.fixture
def two_processes(server):
    return [Host((), server.url)] * 2


@pytest.fixture
def two_hosts(server):
    """Two network namespaces, each joined to this one by a cable of its own; all they find here is the server."""
    port = int(server.url.removesuffix("/api").rpartition(":")[2])
    net = ipaddress.IPv4Address("198.18.0.0") + 8 * (os.getpid() % 8192)  # of a range set aside for tests of networks
    hosts = []
    with contextlib.ExitStack() as stack:
        for number in range(2):
            name, ours, theirs = f"wb{os.getpid()}-{number}", net + 4 * number + 1, net + 4 * number + 2
            try:
                ip("netns", "add", name)
            except (OSError, subprocess.CalledProcessError):
                pytest.skip("no network namespace can be made here: it takes root, and `ip` of iproute2")
            stack.callback(ip, "netns", "del", name)  # and the cable with it
            ip("link", "add", f"v{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("address", "add", f"{ours}/30", "dev", f"v{name}")
            ip("link", "set", f"v{name}", "up")
            ip("-n", name, "address", "add", f"{theirs}/30", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            gate = stack.enter_context(Gate((str(ours), 0), port))
            hosts.append(Host(("ip", "netns", "exec", name), f"http://{ours}:{gate.server_address[1]}/api"))
        yield hosts


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Gate(socketserver.ThreadingTCPServer):
    """Hands connections on to a port of 127.0.0.1, where no other host gets by itself."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], port: int) -> None:
        super().__init__(address, None)
        self.port = port

    def finish_request(self, here: socket.socket, _: object) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as there:
            threading.Thread(target=pour, args=(there, here), daemon=True).start()
            pour(here, there)

    def __enter__(self) -> "Gate":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


def pour(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["two_processes", "two_hosts"])
def test_two_workers_share_one_limit_also_while_queries_are_retried(place, request, server, tmp_path):
    hosts = request.getfixturevalue(place)
    (tmp_path / "failures").mkdir()
    environment = server.environment | {
        queries.FLAKY: queries.failures_of({0: 2, 3: 1, 6: 2}, tmp_path / "failures"),
        query_records.RECORDS: str(tmp_path / "queries.jsonl"),
    }
    with two_runs(hosts, tmp_path, environment) as pair:
        pair.go()
        with get_client(sync_client=True) as client:
            wait_for(lambda: all(client.read_flow_run(run).state.is_final() for run in pair.workers), pair.log)
            assert all(client.read_flow_run(run).state.is_completed() for run in pair.workers), pair.log()
        one, other = map(pair.timeline, pair.workers)
    together = Timeline(one.spans + other.spans)
    assert len(one) == len(other) == EACH
    assert together.peak == LIMIT
    assert any(together.overlaps(mine, its) for mine in one for its in other)
    queried = query_records.read_records(tmp_path / "queries.jsonl")
    assert sum(bool(query.error) for query in queried) == 5  # each was tried again


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_takes_its_slots_along_and_the_other_completes(two_processes, server, tmp_path):
    with two_runs(two_processes, tmp_path, server.environment) as pair:
        (victim, doomed), (survivor, _) = pair.workers.items()
        lost = pair.holding(victim)
        assert 1 <= lost < LIMIT
        doomed.end()
        pair.go()
        with get_client(sync_client=True) as client:
            wait_for(lambda: client.read_flow_run(survivor).state.is_final(), pair.log)
            assert client.read_flow_run(survivor).state.is_completed(), pair.log()
        ran = pair.timeline(survivor)
        assert len(ran) == EACH
        assert ran.peak == LIMIT - lost  # the slots of the dead stay taken until their lease runs out, a minute later


# A program of its own, as a process sends the events of all its runs to the server that its first one ran on.
HOLDERS = """
import sys
import time
from pathlib import Path

from prefect import flow, task
from prefect.futures import wait
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from workbook import observe


def dask(workers):
    from prefect_dask import DaskTaskRunner

    cluster = {"n_workers": 2, "threads_per_worker": workers // 2, "dashboard_address": "127.0.0.1:0"}
    return DaskTaskRunner(cluster_kwargs=cluster)


RUNNERS = {"threads": ThreadPoolTaskRunner, "processes": ProcessPoolTaskRunner, "dask": dask}


@task(tags=["held"])
def hold(folder: Path, index: int, limit: int):
    "Hold a slot until others hold all that there are, and then for long enough that one more would come in."
    (folder / str(index)).touch()
    while len(list(folder.iterdir())) < limit:
        time.sleep(0.02)
    time.sleep(0.5)


@flow
def holders(folder: Path, each: int, limit: int):
    wait([hold.submit(folder, index, limit) for index in range(each)])


if __name__ == "__main__":
    runner, folder, each, limit = sys.argv[1:]
    seen = observe(holders.with_options(task_runner=RUNNERS[runner](4)), Path(folder), int(each), int(limit))
    ended = {span.state for span in seen.timeline}
    print(seen.state.name, len(seen.timeline), *ended, "peak", seen.timeline.peak)
"""


@pytest.mark.parametrize(
    "runner",
    ["threads", pytest.param("processes", marks=pytest.mark.slow), pytest.param("dask", marks=pytest.mark.slow)],
)
def test_the_limit_holds_in_every_task_runner_of_four(runner, server, tmp_path):
    if runner == "dask":
        pytest.importorskip("prefect_dask", reason="prefect-dask is not installed: make extras")
    (tmp_path / "held").mkdir()
    (tmp_path / "holders.py").write_text(HOLDERS, encoding="utf-8")
    ensure_limit("held", LIMIT)
    ran = subprocess.run(
        [sys.executable, "holders.py", runner, "held", str(EACH), str(LIMIT)], cwd=tmp_path, env=server.environment,
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1:] == [f"Completed {EACH} COMPLETED peak {LIMIT}"], ran.stdout + ran.stderr
