"""Writes the pictures of docs/diagnosis.md: for every finding a real run that has it, as `workbook timeline` shows it.

python scripts/docs_diagnosis.py               # all of them, below the line `## Runs that have them`
python scripts/docs_diagnosis.py straggler     # only that of some findings
"""

import _start  # noqa: F401

if __name__ == "__main__":  # Prefect reads its settings when it is imported, so the server comes first
    from workbook import server

    server.ensure_or_exit()

import asyncio
import re
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

from prefect import flow, task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.task_runners import ThreadPoolTaskRunner

from workbook import observe
from workbook.figures.textual import as_text
from workbook.paths import ROOT
from workbook.prefect_server.limits import borrowed_limit
from workbook.runs.records import Observation
from workbook.timelines.diagnosis import CODES, diagnose

PAGE, BELOW, TAG, WIDTH = ROOT / "docs" / "diagnosis.md", "## Runs that have them\n", "docs", 90
DEPLOYMENT = "child/one-at-a-time"


@task
def query(index: int, seconds: float = 0.4) -> dict:
    time.sleep(seconds)
    return {"index": index}


@task
def broken(index: int) -> None:
    raise ValueError(f"no such table: t{index}")


@task(retries=1, retry_delay_seconds=1.5)
def fails_once(index: int, failures: list[int]) -> None:
    time.sleep(0.4)
    if failures:
        raise ConnectionError(f"failed: {failures.pop()}")


@task
def clean_up() -> None:
    time.sleep(0.2)


tagged = query.with_options(tags=[TAG])


@flow
def untagged_flow() -> None:
    [future.result() for future in query.map(range(5))]


@flow
def forgets_a_failure() -> None:
    futures = [query.submit(0), broken.submit(1), query.submit(2)]
    [future.wait() for future in futures]


@flow
def waits_for_a_failure() -> None:
    query.submit(1, wait_for=[broken.submit(0)]).wait()


@task(tags=[TAG])
def report(index: int) -> None:
    tagged.submit(index).result(timeout=2)


@flow
def waits_for_its_own_slot() -> None:
    [future.result() for future in report.map(range(3))]


@flow
def hands_over_to_nobody() -> None:
    query(0)
    query.delay(1)


@flow
def in_own_threads() -> None:
    threads = [threading.Thread(target=query, args=(index,)) for index in range(3)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


@flow
def fails_early() -> None:
    slow = query.submit(0, 1.2)
    broken.submit(1).result()
    slow.result()


@flow
def collects_nothing() -> None:
    query.map(range(3))


@flow
def cleans_up_early() -> None:
    futures = query.map(range(3), seconds=0.8)
    time.sleep(0.3)
    clean_up()
    [future.result() for future in futures]


@flow
def under_the_limit() -> None:
    [future.result() for future in tagged.map(range(5))]


@flow
def child(index: int) -> None:
    query(index)


@flow
def calls_in_turn() -> None:
    [child(index) for index in range(3)]


@flow
async def triggers_three() -> None:
    await asyncio.gather(*[run_deployment(DEPLOYMENT, parameters={"index": index}) for index in range(3)])


@flow
def asks_in_turn() -> None:
    [query.submit(index).result() for index in range(4)]


@flow
def in_batches() -> None:
    for begin in (0, 3, 6):
        futures = [query.submit(i, 0.3 + 0.5 * (i % 3 == 0)) for i in range(begin, begin + 3)]
        [future.result() for future in futures]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def two_workers() -> None:
    [future.result() for future in tagged.map(range(6))]


@flow
def short_ones() -> None:
    [future.result() for future in tagged.map(range(12), seconds=0.25)]


@flow
def tried_again() -> None:
    futures = [fails_once.submit(0, [1]), *(fails_once.submit(index, []) for index in range(1, 4))]
    [future.result() for future in futures]


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def longest_last() -> None:
    [future.result() for future in [query.submit(i, {5: 0.9, 6: 2.0}.get(i, 0.4)) for i in range(7)]]


def beside_another() -> Observation:
    """Observe a flow run while another holds two of the three slots."""
    holding = threading.Barrier(3)

    @task(tags=[TAG])
    def holds() -> None:
        holding.wait(60)
        time.sleep(1.5)

    @flow
    def another() -> None:
        [future.result() for future in [holds.submit(), holds.submit()]]

    other = threading.Thread(target=another)
    other.start()
    holding.wait(60)
    seen = observe(under_the_limit)
    other.join()
    return seen


def with_leaked_slots() -> Observation:
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:{TAG}", GlobalConcurrencyLimitUpdate(active_slots=2))
    return observe(under_the_limit)


def under_a_deployments_limit() -> Observation:
    """Observe a flow run while another process serves the deployment that it triggers, with a limit of 1."""
    serve = f"from docs_diagnosis import child; child.serve({DEPLOYMENT.partition('/')[2]!r}, global_limit=1)"
    serving, served = subprocess.Popen([sys.executable, "-c", serve], cwd=Path(__file__).parent), None
    with get_client(sync_client=True) as client:
        try:
            while not (served := _deployment(client)):
                if serving.poll() is not None:
                    sys.exit("The process that was to serve the deployment ended at once: see what it printed.")
                time.sleep(0.2)
            return observe(triggers_three)
        finally:
            serving.terminate()
            serving.wait()
            if served:
                client.delete_deployment(served.id)


def _deployment(client: SyncPrefectClient) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(DEPLOYMENT)
    except ObjectNotFound:
        return None


RUNS = {
    "limit-exceeded": lambda: observe(untagged_flow),
    "failed-unseen": lambda: observe(forgets_a_failure),
    "upstream-failed": lambda: observe(waits_for_a_failure),
    "deadlock": lambda: observe(waits_for_its_own_slot),
    "never-begun": lambda: observe(hands_over_to_nobody),
    "tasks-astray": lambda: observe(in_own_threads),
    "flow-ended-first": lambda: observe(fails_early),
    "outlived-collection": lambda: observe(collects_nothing),
    "early-cleanup": lambda: observe(cleans_up_early),
    "slots-unexplained": with_leaked_slots,
    "slots-elsewhere": beside_another,
    "deployment-limit": under_a_deployments_limit,
    "children-in-turn": lambda: observe(calls_in_turn),
    "one-at-a-time": lambda: observe(asks_in_turn),
    "batch-barriers": lambda: observe(in_batches),
    "limit-not-reached": lambda: observe(two_workers),
    "slow-hand-over": lambda: observe(short_ones),
    "retry-delay": lambda: observe(tried_again),
    "straggler": lambda: observe(longest_last),
}
LIMITED = ("limit-exceeded", "deadlock", "slots-unexplained", "slots-elsewhere", "limit-not-reached", "slow-hand-over")


def section(code: str) -> str:
    with borrowed_limit(TAG, 3):
        seen = RUNS[code]()
    limit = 3 if code in LIMITED else None
    findings = {found.code: found for found in diagnose(seen.timeline, limit)}
    if not (found := findings.get(code)):
        sys.exit(f"The run for {code} has the findings {list(findings)}: try again on a quiet machine.")
    text = textwrap.fill(found.text, 120, break_long_words=False, break_on_hyphens=False)
    return f"### `{code}`\n\n{text}\n\n```text\n{as_text(seen.timeline, limit, WIDTH)}\n```\n"


def main() -> None:
    above, _, below = PAGE.read_text(encoding="utf-8").partition(BELOW)
    kept = {found[2]: found[1] for found in re.finditer(r"(### `([\w-]+)`\n.*?\n```\n)(?=\n|\Z)", below, re.DOTALL)}
    wanted = sys.argv[1:] or CODES
    pictures = [section(code) if code in wanted else kept[code] for code in CODES]
    PAGE.write_text("\n".join([above + BELOW, *pictures]), encoding="utf-8")


if __name__ == "__main__":
    main()
