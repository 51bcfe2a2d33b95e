"""Lesson 1: tasks that need each other's results, and tasks that don't."""

from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.beside import may_pause, outlast
from workbook.grading.exercises.chains import chain, chains, ran, who_asked
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import together
from workbook.timelines.timeline import Timeline

SECONDS = 0.11  # of each query
DOCS = "https://docs.prefect.io/v3"

# ----------------------------------------
# 1.2 A diamond


def diamond(answer: Answer) -> None:
    """At the gate the top query stays for a moment, so that a task that doesn't wait for it shows itself."""
    top, left, right = answer.rng.sample(range(20), 3)
    seen = answer(top, left, right, SECONDS, gate=answer.gate([([top], 1)], [([left, right], 2)]))
    expect.result(seen, sum(map(len, expect.rows_of([left, right]))), what="the number of rows")
    expect.asked_in_tasks(seen, [top, left, right], SECONDS)
    expect.nothing_else(seen, [top, left, right])
    first, one, other = (who_asked(seen, index) for index in (top, left, right))
    concurrency.all_before([first], [one, other], "The task at the top", "the two in the middle")
    if not seen.timeline.overlaps(one, other):
        raise NotYet(
            f"{one.name} and {other.name} ran one after the other.",
            "The two tasks in the middle should run at the same time.",
            "One of them waits for the other, or is given its result or future: neither needs that."
            if one.id in other.parents or other.id in one.parents
            else "Neither needs the other's result: submit both before you wait for one of them. If you do so already, "
            "look for a task runner with one worker, or for `ask()` in an `async` task, which it blocks: use "
            "`asyncio.to_thread`.",
        )
    if not together(seen.asked, [([left, right], 2)]):
        raise NotYet(
            f"{one.name} and {other.name} ran at the same time, but their queries one after the other.",
            "The two queries in the middle should run at the same time.",
            concurrency.WAITS_INSIDE,
        )
    if may_pause(answer):
        _waits_however_long(answer, top, left, right)
    others = ran(span for span in seen.timeline if span not in (first, one, other))
    if not others:
        raise NotYet(
            "Only the tasks with the three queries ran.",
            "A fourth task should get the rows of the two queries in the middle, and count them.",
            "Put `@task` above the function that counts, and call or submit it in the flow.",
        )
    if not any(Timeline.before([one, other], [span]) for span in others):
        concurrency.all_before([one, other], others[-1:], "The two in the middle", "the last task")


def _waits_however_long(answer: Answer, top: int, left: int, right: int) -> None:
    """The top query waits at the gate for one that must not come before it has ended."""
    gate = outlast(answer, answer.gate([([top, left], 2)]))
    seen = answer(top, left, right, SECONDS, gate=gate)
    expect.asked_in_tasks(seen, [top, left, right], SECONDS)
    first, one, other = (who_asked(seen, index) for index in (top, left, right))
    concurrency.all_before([first], [one, other], "The task at the top", "the two in the middle")


EXERCISES = (
    Exercise(
        id="1.1",
        title="Extract, transform, load",
        minutes=5,
        entry="chain",
        hints=(
            "Which of the three tasks can begin right away? What does each of the others need before it can?",
            "Call a task like a function, and pass on what it returned: that alone puts the tasks in order. See "
            f"{DOCS}/concepts/tasks",
            "`rows = extract(…)`, then `number = transform(…)`, then return what `load` returns.",
        ),
        grade=chain,
        why="Each task is given what the one before it returned, so it can't start any earlier. You didn't have to "
        "declare the order: it's in the data.",
        variation="Submit all three instead, pass the futures on, and call `.result()` on the last one only. The "
        "order stays the same.",
    ),
    Exercise(
        id="1.2",
        title="A diamond",
        minutes=10,
        entry="diamond",
        hints=(
            "The two in the middle need nothing from each other. What does each of them have to wait for?",
            "`wait_for=[…]` only waits for a future. If you pass the future as an argument, the task also gets its "
            "result. See "
            f"{DOCS}/how-to-guides/workflows/run-work-concurrently",
            "Four submits and one `.result()`: `first = query.submit(top, seconds)`, then `one` and `other`, both with "
            "`wait_for=…`, and last `count.submit(…)` with both futures.",
        ),
        grade=diamond,
        why="Every task waits for what it needs and for nothing else, so the two in the middle run at the same time. "
        "The flow itself waits only once, at the end.",
        variation="Take out one `wait_for` and check again: which bar in its timeline begins too early?",
    ),
    Exercise(
        id="1.3",
        title="A chain for each query",
        kind="fix",
        minutes=8,
        entry="chains",
        hints=(
            "On which lines does the loop wait? Does the next chain need what the loop waits for there?",
            "A task can be given a future instead of a result. It then starts when that future is done; the loop "
            f"needn't wait. See {DOCS}/how-to-guides/workflows/run-work-concurrently",
            "Keep the three submits in the loop, but pass futures on instead of results. `ends.append(load.submit(…))` "
            "collects the last future of each chain; call `.result()` on these after the loop.",
        ),
        grade=chains,
        seconds=240,  # a pool of processes, on a busy machine
        why="Passing a future tells Prefect the order within a chain. The loop never waits, so all chains are on their "
        "way at once, and a slow one doesn't hold up the others.",
        variation="Run `observe(chains, range(6), None).plot()`: with `None`, each query takes its usual time. "
        "Do the short chains wait for the long ones?",
    ),
)
