"""Watch the files of an answer while it runs, and decide how long its gate holds queries."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from workbook.grading.evidence import Run
from workbook.grading.sandbox import Answer

LOOK = 0.05  # seconds between two looks: files announce nothing
OUTLAST = 20  # seconds for which a query is held in an answer that may wait for some seconds only
PAUSES = re.compile(r"sleep|timeout|\bEvent\(|wait\((?:[^()]*,)?\s*\d")  # in code that may wait for some seconds only


class Running:
    """An answer that runs while its grader looks on."""

    def __init__(self, answer: Answer, future: Future) -> None:
        self._answer, self._future = answer, future

    def until(self, condition: Callable[[], Any], seconds: float = float("inf")) -> bool:
        """Wait until a condition holds, the run has ended or the seconds are over; return whether it held.

        Seconds are the grader's own, and don't count as the answer's.
        """
        if seconds < float("inf"):
            self._answer.put_off(seconds)
        until = monotonic() + seconds
        while not (held := bool(condition())) and not self._future.done() and (left := until - monotonic()) > 0:
            wait([self._future], timeout=min(LOOK, left))
        return held

    def linger(self, seconds: float) -> None:
        """Wait so long, or until the run has ended: the grader's own time, as above."""
        self._answer.put_off(seconds)
        wait([self._future], timeout=seconds)

    def result(self) -> Run:
        return self._future.result()


@contextmanager
def beside(answer: Answer, *arguments: Any, gate: Path) -> Iterator[Running]:
    """Call an answer that has a gate, and go on while it runs.

    Args:
        answer: the learner's.
        *arguments: of its entry.
        gate: the folder of its gate.
    """
    with ThreadPoolExecutor(1) as pool:
        yield Running(answer, pool.submit(answer, *arguments, gate=str(gate)))


def took(gate: Path) -> float:
    """The seconds until the first query came to a gate, which say how fast Prefect is here; 0 if none has come."""
    first = gate / "first"
    return float(first.read_text(encoding="utf-8") or 0) if first.exists() else 0.0


def as_if_it_took(seconds: float, gate: Path) -> None:
    """Have a gate hold queries as long as if Prefect had taken so many seconds to bring the first one."""
    (gate / "first").write_text(repr(seconds), encoding="utf-8")


def may_pause(answer: Answer) -> bool:
    """Whether the code of an answer may wait for some seconds, and then go on whatever has become of the rest."""
    return bool(PAUSES.search(answer.source.text))


def outlast(answer: Answer, gate: str) -> str:
    """The gate, which holds queries longer than an answer may pause."""
    if may_pause(answer):
        as_if_it_took(2.5, Path(gate))
    return gate
