"""The grader of exercise 5.2: results in the order of the arguments, and the order in which the queries finished."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.beside import LOOK, as_if_it_took, beside
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.query_records import read_records

APART = 0.3  # seconds by which a query must have ended after another, for their order to be certain


def in_both_orders(answer: Answer) -> None:
    """Both lists are right, in a run in which all meet, and in two in which the queries end one by one.

    First they end in the reverse order of submission, then in one that is no order of places or of durations.
    """
    indexes = answer.rng.sample(range(20), 5)
    durations = [0.5, 0.1, *answer.rng.sample([0.2, 0.3, 0.4], 3)]
    seen = answer(indexes, durations, gate=answer.gate([(indexes, len(indexes))]))
    _judge(seen, indexes, durations)
    concurrency.side_by_side(seen, indexes)
    for places in ([4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
        indexes, durations = answer.rng.sample(range(20), 5), [0.1, 0.11, 0.12, 0.13, 0.14]
        seen = _one_by_one(answer, indexes, durations, [indexes[place] for place in places])
        _as_finished(seen, _judge(seen, indexes, durations))


def _judge(seen: Run, indexes: Sequence[int], durations: Sequence[float]) -> list[int]:
    """What doesn't depend on the order of finishing.

    Returns:
        The order of finishing, as the answer has it.
    """
    expect.completed(seen)
    finished, rows = _two_lists(seen.result)
    if Counter(map(repr, rows)) == Counter(map(repr, indexes)):
        raise NotYet(
            "Your second list holds the numbers of the queries.",
            "They should be in the first list, and the rows in the second.",
            "`return finished, rows` does that.",
        )
    expect.in_order(seen, rows, indexes)
    expect.result(replace(seen, result=rows), expect.rows_of(indexes), "the second list")
    expect.asked_in_tasks(seen, indexes)
    expect.nothing_else(seen, indexes)
    if Counter(map(repr, finished)) != Counter(map(repr, indexes)):
        raise NotYet(
            f"Your first list is {expect.brief(finished)}.",
            f"It should hold each number of {list(indexes)} once, in the order in which the queries finished.",
            "A future doesn't know its number: remember which future belongs to which.",
        )
    wanted = dict(zip(indexes, durations, strict=True))
    if other := [query for query in seen.asked if query.seconds != wanted[query.index]]:
        raise NotYet(
            f"Query {other[0].index} took {other[0].seconds:g} s.",
            f"By its place in `durations` it should take {wanted[other[0].index]:g} s.",
            "Fix the order, and leave the work as it is.",
        )  # fmt: skip
    return finished


def _two_lists(result: Any) -> tuple[list, list]:
    if isinstance(result, list) and len(result) == 2 and all(isinstance(part, list) for part in result):
        return result[0], result[1]
    shown = "nothing" if result is None else expect.brief(result)
    raise NotYet(
        f"Your flow returned {shown}.",
        "It should return two lists: the numbers in the order in which the queries finished, and the rows in the order "
        "of `indexes`.",
        "`return finished, rows` does that.",
    )  # fmt: skip


def _one_by_one(answer: Answer, indexes: Sequence[int], durations: Sequence[float], order: Sequence[int]) -> Run:
    """Run the answer, and hold its queries at a gate until all are there; then let them end in this order."""
    file = answer.folder / "queries.jsonl"
    earlier = len(read_records(file))
    gate = Path(answer.gate(*([([index], 2)] for index in order)))  # each waits for one more than will ever come
    as_if_it_took(2.5, gate)
    with beside(answer, indexes, durations, gate=gate) as run:
        run.until(lambda: all(any(gate.glob(f"in-{index}-*")) for index in order))
        for number in range(len(order)):
            (gate / f"over-{number}").touch()
            run.until(partial(_ended, file, earlier + number))
            run.linger(APART - min(durations) + LOOK)  # a short pause: what looks only now and then misses it
        return run.result()


def _ended(file: Path, earlier: int) -> bool:
    """Whether more queries than these have ended; a line that is being written just now counts at the next look."""
    try:
        return len(read_records(file)) > earlier
    except ValueError:
        return False


def _as_finished(seen: Run, finished: Sequence[int]) -> None:
    """No two queries are the wrong way round of which every answer has seen one complete before the other ended."""
    spans = {span.id: span.end for span in seen.timeline if span.end is not None}
    completed = {query.index: spans[query.task_run_id] for query in seen.asked if query.task_run_id in spans}
    ended = {query.index: query.end for query in seen.asked}
    for late, early in combinations(finished, 2):
        if early in completed and completed[early] + APART < ended[late]:
            raise NotYet(
                f"Your first list has query {late} before query {early}.",
                f"Query {early} had finished first.",
                "Take the numbers in the order in which `as_completed(futures)` hands you the futures.",
            )
