"""Lesson 8: async tasks and child flows."""

import os
import re
import signal
import time
from pathlib import Path

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.beside import beside
from workbook.grading.exercises.child_flows import a_child_for_each, mixed_up
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import together

SECONDS = 0.11  # of each query

# ----------------------------------------
# 8.1 An event loop that is blocked


def loop_freed(answer: Answer) -> None:
    """All meet; then the first query ends late, until the order of ending was another than that of asking."""
    for late in (False, True, True, True):
        indexes = _with_different_counts(answer)
        meeting = [([indexes[0], indexes[-1]], 2)] if late else [(indexes, len(indexes))]
        seen, blocking = _watched(answer, indexes, Path(answer.gate(meeting)))
        mixed_up(seen)
        counts = [len(rows) for rows in expect.rows_of(indexes)]
        if (
            isinstance(seen.result, list)
            and seen.result != counts
            and sorted(map(str, seen.result)) == sorted(map(str, counts))
        ):
            raise NotYet(
                f"Your flow returned {seen.result}: the right numbers, in another order.",
                f"It should return {counts}, in the order of `indexes`.",
                "They are sorted: leave them in the order of `indexes`." if seen.result == sorted(counts) else
                "`as_completed()` gives results as they come; `gather()`, and a list of your own, keep the order.",
            )  # fmt: skip
        expect.result(seen, counts)
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        if not late:
            _at_once(seen, indexes, blocking)
        elif [query.index for query in seen.asked] != indexes:  # as they ended
            return


def _with_different_counts(answer: Answer) -> list[int]:
    """Four or five queries with different numbers of rows, so that the order shows in the result."""
    numbers = answer.rng.sample(range(20), 20)
    different = {len(rows): index for index, rows in zip(numbers, expect.rows_of(numbers), strict=True)}
    return answer.rng.sample(list(different.values()), answer.rng.randint(4, 5))


def _at_once(seen: Run, indexes: list[int], blocking: str) -> None:
    if together(seen.asked, [(indexes, len(indexes))]):
        return
    expected = f"All {len(indexes)} should run at the same time."
    if blocking == "ask":
        raise NotYet(
            "A query ran in the thread of the event loop, and kept all other tasks waiting until it was answered.",
            expected,
            "ask() blocks, and an `await` or `async def` around it doesn't change that: "
            "`await asyncio.to_thread(ask, index, seconds)` hands it to another thread.",
        )
    if blocking:
        raise NotYet(
            f"A `.{blocking}()` waited in the thread of the event loop, and kept all other tasks waiting.", expected,
            "It blocks, also inside `async def`: await the work instead, as with `asyncio.to_thread`, or submit all "
            "tasks before it.",
        )  # fmt: skip
    spans = sorted(expect.queried(seen, indexes), key=lambda span: span.start or 0.0)
    ends = [span.end or 0.0 for span in spans]
    if all(span.created >= end for span, end in zip(spans[1:], ends, strict=False)):
        raise NotYet(
            "Each of your tasks was created only when the one before had ended.",
            expected,
            "Look for an `await`, or a `.result()`, inside a loop. Start all of them first: `asyncio.gather()` takes "
            "coroutines that are not awaited yet.",
        )
    concurrency.side_by_side(seen, indexes)


def _watched(answer: Answer, indexes: list[int], gate: Path) -> tuple[Run, str]:
    """Run the answer, and look at its threads while a query waits at the gate for company.

    Returns:
        The run, and the function that waited in the thread of the flow's event loop, if one did.
    """
    blocking = ""
    with beside(answer, indexes, SECONDS, gate=gate) as run:
        run.until((gate / "first").exists)
        run.linger(0.5)  # those that can come have time to come
        if waiting := [] if (gate / "met-0").exists() else list(gate.glob("in-*")):
            blocking = _in_the_loop(answer, waiting[0])
        return run.result(), blocking


def _in_the_loop(answer: Answer, waiting: Path) -> str:
    """What holds up the thread in which the flow's event loop runs, while the query of this file waits at its gate."""
    pid = waiting.name.split("-")[2]
    if not hasattr(signal, "SIGUSR1") or int(pid) != answer._process.pid:  # only that process writes its stacks
        return ""
    stacks = answer.folder / "stacks.txt"
    os.kill(int(pid), signal.SIGUSR1)
    until = time.monotonic() + 3
    while time.monotonic() < until and "in serve" not in (text := stacks.read_text(encoding="utf-8")):
        time.sleep(0.05)
    time.sleep(0.1)  # the dump has no end that could be awaited
    text = stacks.read_text(encoding="utf-8")
    threads = re.split(r"\n(?=Thread|Current thread)", text)
    loop = next((one for one in threads if all(f" in {name}\n" in f"{one}\n" for name in ("_run_once", "serve"))), "")
    return next(
        (name for name in ("ask", "result", "wait") if f" in {name}\n" in loop.partition(" in _run_once")[0]), ""
    )


EXERCISES = (
    Exercise(
        id="8.1",
        title="Free the event loop",
        kind="fix",
        minutes=6,
        entry="row_counts",
        hints=(
            "Follow one query from `gather` down to `ask`. At which `await` can the other tasks run?",
            "`asyncio.to_thread` runs a blocking function in another thread, and you can await it: see "
            "https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread. Prefect's own way is `submit`: "
            "https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently",
            "In `fetch`: `return await asyncio.to_thread(<function>, <its arguments>)`.",
        ),
        grade=loop_freed,
        seconds=240,
        why="The query now waits in another thread, so the event loop can start the other tasks. `async def` alone "
        "changes nothing about a call that blocks.",
        variation="Write `fetch` and `count_rows` with a plain `def`, and call `count_rows.map(…)` in the flow. The "
        "queries still run at once, without any `await`.",
    ),
    Exercise(
        id="8.2",
        title="One report per region",
        minutes=11,
        entry="all_reports",
        hints=(
            "What does `gather` do with the other reports when one fails, and how do you make it wait for them?",
            "`asyncio.to_thread(region_report, …)` turns a plain flow into a coroutine, and `return_exceptions=True` "
            "gives you errors as results: https://docs.python.org/3/library/asyncio-task.html#asyncio.gather. On child "
            "flows: https://docs.prefect.io/v3/concepts/flows",
            "`found = await asyncio.gather(*children, return_exceptions=True)`, then "
            "`lost = [region for … in zip(regions, found) if …]`, and `if lost: raise …`.",
        ),
        grade=a_child_for_each,
        seconds=240,
        why="`asyncio.to_thread` tells each child which flow run called it, so the server records it as that run's "
        "child. Errors come back only when every child has ended, so no child is cut off.",
        variation="Leave out `return_exceptions=True` and check again. What became of the report that hadn't ended?",
    ),
)
