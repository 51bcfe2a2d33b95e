"""Parts one and three: the patterns against what is physically possible, and the hand-over of a slot.

Both run cases in a client process (client.py), on a server with the workbook's settings.
"""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import surroundings
from benchmarks.results import Results
from flows import warehouse
from tests import production

CLIENT = Path(__file__).with_name("client.py")
SECONDS = (0.03, 0.1, 0.3, 1.0, 3.0)
SLOT_WAITS = ("0.1", "0.05", "0.02")
LAST_CASE_SECONDS = 240  # for what is running when the time is up, before the client is ended


@dataclass(frozen=True)
class Case:
    """Task runs of `seconds` each or, uneven, on average: in the proportions of the twenty queries."""

    pattern: str
    seconds: float
    count: int
    limit: int
    uneven: bool = False

    def durations(self) -> list[float]:
        if not self.uneven:
            return [self.seconds] * self.count
        shape = [query.seconds for query in warehouse.QUERIES]
        scale = self.seconds * len(shape) / sum(shape)
        return [shape[number % len(shape)] * scale for number in range(self.count)]

    def __str__(self) -> str:
        uneven = " on average, uneven" if self.uneven else ""
        return f"{self.pattern}, {self.count} task runs of {self.seconds:g} s{uneven}, {self.limit} at once"


def cases(quick: bool) -> list[Case]:
    """The most telling ones come first: the time may not suffice for the last."""
    if quick:
        found = [Case("tag_limit", seconds, 20, 3) for seconds in (0.1, 0.3, 1.0, 0.03)]
        found += [Case("tag_limit", seconds, 50, 10) for seconds in (0.1, 0.3, 1.0)]
        found += [Case(pattern, 0.3, 20, 3, uneven=True) for pattern in ("tag_limit", "batches", "pool")]
        return [*found, Case("sequential", 0.1, 20, 1), Case("parallel", 0.1, 100, 100)]
    found = [Case("tag_limit", seconds, 20, 3) for seconds in SECONDS]
    found += [Case("tag_limit", seconds, 100, 10) for seconds in SECONDS]
    found += [Case("tag_limit", seconds, 20, 1) for seconds in SECONDS[:4]]
    found += [Case("tag_limit", seconds, 100, 30) for seconds in SECONDS[1:]]
    others = ("batches", "pool", "tag_limit")
    found += [Case(pattern, seconds, 20, 3, uneven=True) for seconds in SECONDS[1:] for pattern in others]
    found += [Case(pattern, seconds, 20, 3) for seconds in SECONDS[1:4] for pattern in others[:2]]
    found += [Case("sequential", seconds, 20, 1) for seconds in SECONDS[:4]]
    found += [Case("parallel", seconds, 20, 20) for seconds in SECONDS]
    found += [Case("parallel", 0.1, 100, 100), Case("pool", 0.1, 500, 30), Case("parallel", 0.1, 500, 500)]
    found += [Case("tag_limit", 0.1, 500, 30), Case("tag_limit", 0.1, 2000, 30), Case("pool", 0.1, 2000, 30)]
    return [*found, Case("parallel", 0.1, 2000, 2000), Case("tag_limit", 3.0, 20, 1)]


def against_the_limit(results: Results, folder: Path, quick: bool) -> None:
    wanted = cases(quick)
    seconds, share = (80, 5) if quick else (13 * 60, 6)
    with surroundings.workbook_server(folder / "patterns") as server:
        _measure(results, "patterns", wanted, server, time.time() + seconds, share)


def hand_over(results: Results, folder: Path, quick: bool) -> None:
    for wait in SLOT_WAITS:
        with surroundings.workbook_server(folder / f"wait-{wait}", **{surroundings.SLOT_WAIT: wait}) as server:
            until, share = time.time() + (15 if quick else 40), 4 if quick else 30
            _measure(results, "handover", [Case("tag_limit", 0.3, 20, 3)], server, until, share, wait=wait)


def _measure(
    results: Results, part: str, wanted: list[Case], server: production.Server, until: float, share: float, **more: str
) -> None:
    """Have a client run the cases, and keep each round as soon as it is over."""
    asked = [{**vars(case), "durations": case.durations(), "hand_overs": part == "handover"} for case in wanted]
    work = {"cases": asked, "until": until, "seconds_per_case": share, "server": server.process.pid}
    environment = surroundings.clean_environment(server.log.parent) | server.environment
    environment |= {"PREFECT_LOGGING_LEVEL": "CRITICAL"}
    kept: dict[int, list[dict]] = {}
    reasons: dict[int, str] = {}
    command = [sys.executable, str(CLIENT), json.dumps(work)]
    with production.started(command, server.log.with_name("client.log"), environment) as client:
        for line in _lines(client, until + LAST_CASE_SECONDS):
            kind, _, text = line.partition(" ")
            if kind == "FAILED":
                reasons |= {int(number): reason for number, reason in json.loads(text).items()}
            elif kind == "ROUND":
                measured = json.loads(text)
                case = wanted[number := measured.pop("case")]
                if number not in kept:
                    kept[number] = results.case(part, **vars(case), **more)
                kept[number].append(measured)
                results.save()
                print(f"  {case}: {measured['ratio']:.2f} times the ideal", flush=True)
        otherwise = "the time for this part was used up"
        if client.process.poll():
            otherwise = f"the client failed: {(client.printed().splitlines() or ['without a word'])[-1][:200]}"
    for number, case in enumerate(wanted):
        if number not in kept or number in reasons:
            wait = f", slot wait {more['wait']} s" if more else ""
            results.not_run(f"{case}{wait}", reasons.get(number, otherwise))


def _lines(program: production.Running, until: float) -> Iterator[str]:
    """The lines that a program prints, as it prints them, until it ends or the time is up."""
    read = 0
    while True:
        ended = program.process.poll() is not None or time.time() > until
        lines = program.printed().split("\n")[:-1]  # without one that is half written
        yield from lines[read:]
        read = len(lines)
        if ended:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.process.wait(0.5)
