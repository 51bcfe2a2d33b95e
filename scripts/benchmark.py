"""Measure what the workbook costs: each thing beside what it is compared with, in one run. It judges nothing.

python scripts/benchmark.py              # 5 rounds
python scripts/benchmark.py --rounds 9

Ratios travel between machines, seconds do not: read the ratios, and have nothing else running meanwhile.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import _start  # noqa: F401
from rich.console import Console
from rich.table import Table

from workbook import server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each thing is measured (default: 5)")
    rounds = parser.parse_args().rounds
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # read when Prefect is imported
    server.ensure()
    measured: dict[str, list[float]] = {}
    for number in range(rounds):
        print(f"Round {number + 1} of {rounds} …", flush=True)
        for part in (_patterns, _looks, _verdict):
            for what, ratio in part():
                measured.setdefault(what, []).append(ratio)
    table = Table("what, and beside what", "median", "least", "most")
    for what, ratios in measured.items():
        table.add_row(what, *(f"{pick(ratios):.2f}" for pick in (statistics.median, min, max)))
    Console().print(table)


def _patterns() -> Iterator[tuple[str, float]]:
    from workbook.races.board import Lines
    from workbook.races.run import race

    class Silent(Lines):
        def say(self, words: str) -> None:
            pass

    for lane in race(pool=True, show=Silent()).lanes:
        yield f"{lane.name}: makespan / ideal", lane.ratio


def _looks() -> Iterator[tuple[str, float]]:
    """The same limited run plain, and with a figure that is drawn while it goes on."""
    from flows import patterns
    from workbook import observe
    from workbook.figures.live import Live
    from workbook.prefect_server import limits

    def drawn(picture: Any, **_: Any) -> SimpleNamespace:
        picture._repr_mimebundle_()  # what a notebook asks of what it displays
        return SimpleNamespace(update=drawn)

    with limits.borrowed_limit(patterns.TAG, 3):
        begun = time.perf_counter()
        plain = observe(patterns.controlled_flow).timeline.makespan
        yield "limited, observed: all seconds / makespan", (time.perf_counter() - begun) / plain
        live = observe(patterns.controlled_flow, live=Live(3, display=drawn)).timeline.makespan
        yield "limited, makespan: with live figure / without", live / plain


def _verdict() -> Iterator[tuple[str, float]]:
    from workbook.grading import exercises, model
    from workbook.grading.grader import Grader
    from workbook.lessons import notebooks

    exercise = exercises.find("3.1")
    text = notebooks.answers(notebooks.build(notebooks.sources()[3], solved=True))[exercise.id]
    with Grader() as grader:
        verdicts = [grader.judge(exercise.id, model.Source(exercise.entry, text)) for _ in range(2)]
    yield (
        "a later verdict on 3.1: all seconds / its last run's makespan",
        verdicts[1].seconds / verdicts[1].timeline.makespan,
    )


if __name__ == "__main__":
    main()
