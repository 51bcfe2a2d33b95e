"""The grader of exercise 5.2: results in the order of the arguments, and the order in which the queries finished."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.query_records import QueryRecord, read_records

LOOK = 0.05  # seconds between two looks at files, which announce nothing
APART = 0.3  # seconds by which a query must have ended after all others, for its place to be certain


def in_both_orders(answer: Answer) -> None:
    """Both lists are right, in a run in which all meet, and in two in which one query is held until the others ended.

    The held query is once the one that would end first and once the one that would end last by its duration: no order
    but that of finishing has both last.
    """
    indexes = answer.rng.sample(range(20), 5)
    durations = [0.5, 0.1, *answer.rng.sample([0.2, 0.3, 0.4], 3)]
    seen = answer(indexes, durations, gate=answer.gate([(indexes, len(indexes))]))
    _judge(seen, indexes, durations)
    concurrency.side_by_side(seen, indexes)
    for place in (0, 2):
        indexes, durations = answer.rng.sample(range(20), 5), [0.2] * 5
        durations[place] = 0.1 if place == 0 else 0.3
        seen = _with_one_held(answer, indexes, durations, indexes[place])
        finished = _judge(seen, indexes, durations)
        if _certainly_last(seen.asked, indexes[place]) and finished[-1] != indexes[place]:
            raise NotYet(
                f"Your first list says that query {finished[-1]} finished last.",
                f"It was query {indexes[place]}: the other four had ended before it did.",
                "Take the numbers in the order in which as_completed(futures) hands you the futures.",
            )


def _judge(seen: Run, indexes: Sequence[int], durations: Sequence[float]) -> list[int]:
    """What doesn't depend on the order of finishing.

    Returns:
        The order of finishing, as the answer has it.
    """
    expect.completed(seen)
    finished, rows = _two_lists(seen.result)
    expect.in_order(seen, rows, indexes)
    expect.result(replace(seen, result=rows), expect.rows_of(indexes), "the second list")
    expect.asked_in_tasks(seen, indexes)
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


def _with_one_held(answer: Answer, indexes: Sequence[int], durations: Sequence[float], held: int) -> Run:
    """Run the answer, and keep one query at a gate until the others have ended, and a while longer."""
    file = answer.folder / "queries.jsonl"
    earlier = len(read_records(file))
    gate = Path(answer.gate([([held], 2)]))  # waits for one more than will ever come
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(answer, indexes, durations, gate=str(gate))
        while not run.done():
            if (gate / "first").exists() and _ended(file, earlier) >= len(indexes) - 1:
                # what it took until the held query came
                took = float((gate / "first").read_text(encoding="utf-8") or 0)
                wait([run], timeout=max(0.5, 2 * took))
                (gate / "open").touch()
                break
            wait([run], timeout=LOOK)
        return run.result()


def _ended(file: Path, earlier: int) -> int:
    """How many queries of this run have ended; a line that is being written just now counts at the next look."""
    try:
        return len(read_records(file)) - earlier
    except ValueError:
        return 0


def _certainly_last(asked: Sequence[QueryRecord], held: int) -> bool:
    """Whether a query ended so long after all others that every answer has seen it finish last."""
    last = min(query.end for query in asked if query.index == held)
    return all(query.index == held or query.end + APART < last for query in asked)
