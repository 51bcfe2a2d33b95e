"""The same twenty queries, three at a time by the server's limit, in threads, processes, Dask, and two workers.

    python scripts/benchmark_runners.py

Each could run six at once, and the limit lets three. All numbers are from Prefect's records of these very runs.
"""

import _start  # noqa: F401

if __name__ == "__main__":  # Prefect reads its settings when it is imported, so the server comes first
    from workbook import server

    server.ensure_or_exit()

import contextlib
import io
import subprocess
import sys
import time
import uuid

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.task_runners import ProcessPoolTaskRunner, ThreadPoolTaskRunner

from flows import warehouse
from flows.patterns import LIMIT, TAG, TWENTY, controlled_flow
from workbook.paths import ROOT
from workbook.prefect_server.limits import borrowed_limit
from workbook.runs.observation import observe
from workbook.runs.records import observe_run
from workbook.timelines.timeline import Timeline


def main() -> None:
    warehouse.prepare()
    runners = {"threads": lambda: ThreadPoolTaskRunner(6), "processes": lambda: ProcessPoolTaskRunner(6), "Dask": dask}
    print("| where the queries run | first query after | peak | makespan | ideal | makespan ÷ ideal |")
    print("|---|--:|--:|--:|--:|--:|")
    with borrowed_limit(TAG, LIMIT):
        for name, runner in runners.items():
            with contextlib.suppress(ImportError):  # prefect-dask is an extra
                report(name, observe(controlled_flow.with_options(task_runner=runner())).timeline)
        report("two workers", two_workers())


def report(name: str, t: Timeline) -> None:
    before = t.spans[0].start - t.begin
    print(
        f"| {name} | {before:.1f} s | {t.peak} | {t.makespan:.1f} s | {t.ideal(LIMIT):.1f} s | {t.ratio(LIMIT):.2f} |"
    )


def dask() -> object:
    from prefect_dask import DaskTaskRunner

    return DaskTaskRunner(cluster_kwargs={"n_workers": 2, "threads_per_worker": 3, "dashboard_address": "127.0.0.1:0"})


def two_workers() -> Timeline:
    """Half of the queries in each of two flow runs, which two workers take; counted from when they are asked for."""
    name = f"benchmark-{uuid.uuid4().hex[:8]}"
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", name, "--limit", "1"]
    with get_client(sync_client=True) as client, contextlib.ExitStack() as stack:
        client.create_work_pool(WorkPoolCreate(name=name, type="process"))
        flow = Flow.from_source(source=str(ROOT), entrypoint="flows/patterns.py:controlled_flow")
        with contextlib.redirect_stdout(io.StringIO()):
            deployment = flow.deploy(name, work_pool_name=name, print_next_steps=False, ignore_warnings=True)
        for _ in range(2):
            worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(worker.wait)
            stack.callback(worker.terminate)
        while len(client.read_workers_for_work_pool(name)) < 2:
            time.sleep(0.2)  # between two looks; nothing announces it
        begin, halves = time.time(), (TWENTY[::2], TWENTY[1::2])
        runs = [client.create_flow_run_from_deployment(deployment, parameters={"indexes": half}).id for half in halves]
        while not all(client.read_flow_run(run).state.is_final() for run in runs):
            time.sleep(0.2)
        spans = [span for run in runs for span in observe_run(run).timeline]
        client.delete_work_pool(name)
        client.delete_deployment(deployment)
    return Timeline(tuple(spans), begin=begin)


if __name__ == "__main__":
    main()
