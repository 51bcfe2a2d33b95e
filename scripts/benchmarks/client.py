"""The client whose task runs are measured: it runs cases one after another, and prints each round as a line of JSON.

    python scripts/benchmarks/client.py '{"cases": […], "until": …, "server": PID}'

Its tasks only sleep, so what is left of the time is what Prefect takes. Their moments are the process's own clock.
"""

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import psutil
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.timelines.span import Span
from workbook.timelines.timeline import Timeline

RECORDS_SECONDS = 60  # how long to wait until the server has recorded every end
intervals: list[tuple[float, float]] = []


class Request(NamedTuple):
    """One request to the server, and when this process sent it and had its answer."""

    path: str
    sent: float
    answered: float
    status: int


requests: list[Request] = []


@task
def sleep(seconds: float) -> None:
    start = time.time()
    time.sleep(seconds)
    intervals.append((start, time.time()))


@flow
def sequential(durations: list[float], limit: int) -> None:
    for seconds in durations:
        sleep(seconds)


@flow
def parallel(durations: list[float], limit: int) -> None:
    sleep.map(durations).result()


@flow
def tag_limit(durations: list[float], limit: int) -> None:
    sleep.with_options(tags=[f"limit-{limit}"]).map(durations).result()


@flow
def batches(durations: list[float], limit: int) -> None:
    for begin in range(0, len(durations), limit):
        sleep.map(durations[begin : begin + limit]).result()


@flow
def pool(durations: list[float], limit: int) -> None:
    sleep.map(durations).result()


PATTERNS = {one.fn.__name__: one for one in (sequential, parallel, tag_limit, batches, pool)}


def record_requests() -> None:
    """Record what is sent to the server: every client of Prefect's sends through one of these two."""
    send, asend = httpx.Client.send, httpx.AsyncClient.send

    def recorded(self, request, **options):
        sent = time.time()
        answer = send(self, request, **options)
        requests.append(Request(request.url.path, sent, time.time(), answer.status_code))
        return answer

    async def arecorded(self, request, **options):
        sent = time.time()
        answer = await asend(self, request, **options)
        requests.append(Request(request.url.path, sent, time.time(), answer.status_code))
        return answer

    httpx.Client.send, httpx.AsyncClient.send = recorded, arecorded


def hand_overs(asked: list[Request], limit: int) -> list[list[float]]:
    """What happened to each slot from the end of the task that had it to the start of the next one.

    Slots are alike, so the first end, the first release, the first slot given after those, and its start belong
    together, and so on.

    Returns:
        For each, six moments: the end; the release sent, answered; the request for it sent, answered; the start.
    """
    starts, ends = sorted(start for start, _ in intervals), sorted(end for _, end in intervals)
    given = [one for one in asked if one.path.endswith("/increment-with-lease") and one.status < 300]
    freed = [one for one in asked if one.path.endswith("/decrement-with-lease") and one.status < 300]
    given, freed = sorted(given, key=lambda one: one.answered), sorted(freed, key=lambda one: one.sent)
    return [
        [end, release.sent, release.answered, acquired.sent, acquired.answered, start]
        for end, release, acquired, start in zip(ends, freed, given[limit:], starts[limit:], strict=False)
    ]


def cpu_and_memory(process: psutil.Process) -> tuple[float, float]:
    """CPU seconds so far, and megabytes now, of a process and those that it started."""
    family = [process, *process.children(recursive=True)]
    times = [member.cpu_times() for member in family]
    return sum(t.user + t.system for t in times), sum(member.memory_info().rss for member in family) / 1e6


def completed(flow_run_id: object) -> int:
    """How many task runs of a flow run the server has recorded as Completed."""
    wanted = {
        "flow_runs": {"id": {"any_": [str(flow_run_id)]}},
        "task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    request = urllib.request.Request(
        f"{PREFECT_API_URL.value()}/task_runs/count", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def run(case: dict, server: psutil.Process) -> dict:
    """One round of a case, in numbers; `lag` is None if the records were not complete in `RECORDS_SECONDS`."""
    chosen = PATTERNS[case["pattern"]]
    if chosen is pool:
        chosen = chosen.with_options(task_runner=ThreadPoolTaskRunner(max_workers=case["limit"]))
    intervals.clear()
    me = psutil.Process()
    requests.clear()
    client_before, server_before = cpu_and_memory(me)[0], cpu_and_memory(server)[0]
    begun = time.time()
    state = chosen(case["durations"], case["limit"], return_state=True)
    ended = time.time()
    state.result()  # raises if the flow failed
    client_after, (server_after, megabytes) = cpu_and_memory(me)[0], cpu_and_memory(server)
    asked = requests.copy()
    while completed(state.state_details.flow_run_id) < len(case["durations"]):
        if time.time() - ended > RECORDS_SECONDS:
            lag = None
            break
        time.sleep(0.1)  # nothing announces it
    else:
        lag = time.time() - ended
    timeline = Timeline(tuple(Span("", n, start, start, end) for n, (start, end) in enumerate(intervals)))
    limit = case["limit"]
    return {
        "wall": ended - begun,
        "before": timeline.spans[0].start - begun,
        "makespan": timeline.makespan,
        "ideal": timeline.ideal(limit),
        "ratio": timeline.ratio(limit),
        "peak": timeline.peak,
        "per_second": len(timeline) / timeline.makespan,
        "lag": lag,
        "requests": len(asked),
        "client_cpu": client_after - client_before,
        "server_cpu": server_after - server_before,
        "server_megabytes": megabytes,
        "hand_overs": hand_overs(asked, limit) if case.get("hand_overs") else [],
    }


def main() -> None:
    work = json.loads(sys.argv[1])
    server = psutil.Process(work["server"])
    with get_client(sync_client=True) as client:
        for limit in {case["limit"] for case in work["cases"] if case["pattern"] == "tag_limit"}:
            client.upsert_global_concurrency_limit_by_name(f"tag:limit-{limit}", limit)
    record_requests()
    run({"pattern": "tag_limit", "durations": [0.01] * 3, "limit": work["cases"][0]["limit"]}, server)  # to load all
    for number, case in enumerate(work["cases"]):
        try:
            for measured in rounds(case, server, work):
                print("ROUND", json.dumps({"case": number, **measured}), flush=True)
        except Exception as error:  # listed in the document; the next case may work
            print("FAILED", json.dumps({number: f"{type(error).__name__}: {str(error)[:200]}"}), flush=True)


def rounds(case: dict, server: psutil.Process, work: dict) -> Iterator[dict]:
    """Five rounds, or as many as the case's share of the time allows: at least one, if it can end in time."""
    begun, took = time.time(), 0.0
    least = sum(case["durations"]) / case["limit"]
    for number in range(5):
        before = time.time()
        if before + (took or least) > work["until"] or (number and before - begun + took > work["seconds_per_case"]):
            return
        yield run(case, server)
        took = time.time() - before


if __name__ == "__main__":
    main()
