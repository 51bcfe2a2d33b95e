"""Lesson 5: flows that lose a failure, an order or a secret, each to be fixed; and how flow runs end.

Every grader first looks for the mistake that its broken flow makes, and names it; then for what a fix may have broken
instead.
"""

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.beside import outlast
from workbook.grading.exercises.credential import from_environment
from workbook.grading.exercises.endings import predicted
from workbook.grading.exercises.finishing import in_both_orders
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer
from workbook.timelines.diagnosis import diagnose

SECONDS = 0.11  # of each query


def collected(answer: Answer) -> None:
    """A query that fails makes the flow fail; without one, all run at once and the flow waits for them.

    In the first run the query that fails waits at the gate for another, which never comes: so it ends last.
    In the second run all queries wait at the gate for one more, which never comes, until the gate's time-out. A flow
    that only pauses, or waits for some seconds, shows itself; if its code may do that, they wait longer.
    """
    missing, indexes = answer.rng.randrange(40, 100), answer.rng.sample(range(20), 5)
    seen = answer(
        [*indexes[:2], missing, *indexes[2:]], SECONDS, gate=answer.gate([(indexes, len(indexes))], [([missing], 2)])
    )
    if seen.state.is_completed():
        raise NotYet(
            f"Query {missing} failed, but your flow ended Completed, as if nothing had happened.",
            "It should fail when one of its queries does.",
            _outlived(seen) or "`.result()` raises the error of a query that failed. `wait()` and "
            "`result(raise_on_failure=False)` don't, an `except` that doesn't raise it again loses it, a `return` "
            "inside the loop leaves the other futures out, and a state that you read before the task has ended says "
            "nothing.",
        )  # fmt: skip
    failed = seen.timeline.where(state="FAILED")

    seen = answer(indexes, SECONDS, gate=outlast(answer, answer.gate([(indexes, len(indexes) + 1)])))
    well = {query.index for query in seen.asked if not query.error}
    if not seen.state.is_completed() and well == set(indexes):
        raise NotYet(
            f"In a run in which every query returned its rows, your flow ended {seen.state.name}: "
            f"{str(seen.error or seen.state.message).rstrip('.')}.",
            "It should fail only if one of its queries does.",
        )
    expect.result(seen, "all done")
    expect.asked_in_tasks(seen, indexes, SECONDS)
    if outlived := _outlived(seen):
        raise NotYet("Your flow said that all was done before it was.", "It should wait for every query.", outlived)
    concurrency.side_by_side(seen, indexes)
    if not len(failed):
        raise NotYet(
            f"Your flow failed because of query {missing}, but no task run did.",
            "The flow should fail with the query's own error.",
            "Let a task run every query of the list, and don't check the numbers yourself.",
        )  # fmt: skip


def _outlived(seen: Run) -> str:
    return next((found.text for found in diagnose(seen.timeline) if found.code == "outlived-collection"), "")


EXERCISES = (
    Exercise(
        id="5.1",
        title="The forgotten result",
        kind="fix",
        minutes=4,
        entry="all_done",
        hints=(
            "What does `.submit()` return, and where does this flow keep it?",
            "A task run's error is raised when you ask its future for the result: see "
            "https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently",
            "Keep the futures: `futures = [… for index in indexes]`. Then a second loop asks each of them "
            "for one thing.",
        ),
        grade=collected,
        why="`.result()` waits for a task run and raises its error if it failed. An error that nothing catches is what "
        "makes the flow run fail.",
        variation="Put `wait(futures)` in place of your loop and check again to see what gets lost.",
    ),
    Exercise(
        id="5.2",
        title="Two orders",
        kind="fix",
        minutes=6,
        entry="in_order",
        hints=(
            "The list `futures` has one order, and `as_completed(futures)` has another. Which of the two lists that "
            "you return needs which order?",
            "A future doesn't know its query's number, so you have to remember it: a dict with futures as keys will "
            "do. See https://docs.prefect.io/v3/api-ref/python/prefect-futures",
            "`number = dict(zip(futures, indexes))`; then one loop over `as_completed(futures)` for the numbers, and "
            "one over … for the rows.",
        ),
        grade=in_both_orders,
        why="`as_completed` hands you each future when its task run has finished, which is what a progress display "
        "needs. Your own list keeps the order of submission, which is what a result needs.",
        variation="Print a line for each finished query in the first loop: you have built a progress display.",
    ),
    Exercise(
        id="5.3",
        title="The credential in the code",
        kind="fix",
        minutes=6,
        entry="connect",
        hints=(
            "Who can read the parameters and the logs of a flow run? Everyone who can open the server's web UI.",
            "Python evaluates a default argument once, when it loads the code. Read the variable inside the flow "
            "instead: see https://docs.python.org/3/library/os.html#os.environ",
            "A flow without parameters. Its first line turns `os.environ[…]` into a URL, and fails if nothing is set; "
            "after that, use `url.host` only.",
        ),
        grade=from_environment,
        why="A value that is read inside the flow is neither a parameter nor code, so the server never gets it. "
        "`os.environ[…]` fails when the variable is missing, so no run quietly uses the wrong database.",
        variation="Log `repr(url)` instead of the host. SQLAlchemy hides the password in it; does the check agree?",
    ),
    Exercise(
        id="5.4",
        title="Say how they end",
        kind="predict",
        minutes=7,
        entry="states",
        hints=(
            "For each flow, ask two questions: does its function raise, and what does it return?",
            "If a flow returns states or futures, alone or in a list, its run gets its own state from them. "
            "Prefect's documentation has the rules: https://docs.prefect.io/v3/concepts/states",
            "Write all seven names first, each with your guess, as in "
            '`return {"waited_for": "…", "not_raised": "…", …}`. The check explains the first wrong one.',
        ),
        grade=predicted,
        why="Prefect derives a flow run's state from three things only: what its function raises, the states or "
        "futures that it returns (alone or in a list), and whether something interrupts it. Failed task runs don't "
        "count by themselves.",
        variation="Run one that surprised you: `observe(futures_in_a_dict).state.name`.",
    ),
)
