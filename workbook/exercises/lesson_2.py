"""Lesson 2: submit all, then collect."""

import operator
from collections import Counter

from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, Run, Strange


def at_once(answer: Answer) -> None:
    indexes = answer.chance.sample(range(20), answer.chance.randint(7, 9))
    seen = expect.patiently({None: len(indexes)}, lambda seconds: answer(indexes, seconds))
    expect.result(seen, expect.rows_of(indexes))
    expect.task_runs(seen, len(indexes))
    expect.asked_in_tasks(seen, indexes)
    expect.all_at_once(seen)


def mapped(answer: Answer) -> None:
    """As many words as queries: what is not wrapped in unmapped() would be dealt out one by one."""
    indexes = answer.chance.sample(range(20), answer.chance.randint(4, 6))
    words = [f"word-{answer.chance.randrange(1000)}" for _ in indexes]
    seen = expect.patiently({None: len(indexes)}, lambda seconds: answer(indexes, seconds, words))
    rows = expect.rows_of(indexes)
    if seen.state.is_completed() and seen.result == [[len(r), word] for r, word in zip(rows, words, strict=True)]:
        raise NotYet(
            "Every task was given one of the words.",
            "Every task should be given the whole list.",
            "map() deals out every list that it is given: wrap what all tasks share in unmapped().",
        )
    expect.result(seen, [[len(r), words] for r in rows])
    expect.task_runs(seen, len(indexes))
    expect.asked_in_tasks(seen, indexes)
    expect.all_at_once(seen)


def two_fail(answer: Answer) -> None:
    good = answer.chance.sample(range(20), 6)
    bad = answer.chance.sample(range(20, 99), 2)
    indexes = answer.chance.sample([*good, *bad], 8)
    seen = expect.patiently({None: 2}, lambda seconds: answer(indexes, seconds))
    kept, lost = ([index for index in indexes if index in part] for part in (good, bad))
    if not seen.state.is_completed() and "LookupError" in str(seen.error or seen.state.message):
        raise NotYet(
            "One query failed, and with it your flow: the answers of all others are lost.",
            "The flow should complete, with the answers that there are and the numbers of those that failed.",
            "future.result() raises what the task raised: result(raise_on_failure=False) gives it back instead, and "
            "future.state says how the task ended.",
        )
    _answers_and_failed(seen, expect.rows_of(kept), lost)
    expect.task_runs(seen, len(indexes))
    states = Counter(span.state for span in seen.timeline)
    if states["FAILED"] != len(bad):
        raise NotYet(
            f"{states['FAILED']} task runs ended Failed, although {len(bad)} queries do not exist.",
            "A task whose query fails should end Failed, where everybody can see it.",
            "Let the exception leave the task, and look at the states when you collect.",
        )
    expect.asked_in_tasks(seen, kept + lost)
    if seen.timeline.peak < 2:
        expect.all_at_once(seen)


def _answers_and_failed(seen: Run, rows: list, lost: list[int]) -> None:
    """The flow returned both lists; what is wrong with one is said of that one."""
    found = seen.result
    if seen.state.is_completed() and isinstance(found, dict) and found.keys() == {"answers", "failed"}:
        answers, failed = found["answers"], found["failed"]
        if isinstance(answers, list) and (odd := [part for part in answers if isinstance(part, Strange)]):
            raise NotYet(
                f"There is {odd[0].type} among the answers.",
                "They should be rows, and nothing else.",
                "result(raise_on_failure=False) gives back what the task raised, as if it were its result: "
                "future.state.is_completed() tells the two apart.",
            )
        if isinstance(answers, list) and answers != rows:
            raise NotYet(
                f"{sum(map(operator.eq, answers, rows))} of {len(rows)} answers are in their place.",
                "There should be one for each query that exists, in the order of `indexes`.",
                "The order of finishing is chance: go through your own list of futures.",
            )
        if failed != lost:
            raise NotYet(
                f"As 'failed' you returned {failed!r}.",
                f"It should be {lost!r}.",
                "The index of each query that failed, in the order of `indexes`: zip(indexes, futures) keeps the two "
                "together.",
            )
    expect.result(seen, {"answers": rows, "failed": lost})


EXERCISES = (
    Exercise(
        id="2.1",
        title="All at once, results in order",
        minutes=8,
        entry="all_at_once",
        contract=(
            "Write the flow all_at_once(indexes, seconds). It asks every query of `indexes` with ask(index, seconds), "
            "each in a task run of its own, all at the same time, and returns their rows in the order of `indexes`."
        ),
        hints=(
            "As long as you wait for one, the next is not submitted: two steps, and not one loop.",
            "First a list of futures, then a list of their results.",
            "futures = [query.submit(index, seconds) for index in indexes]",
        ),
        grade=at_once,
    ),
    Exercise(
        id="2.2",
        title="The same with map and unmapped",
        minutes=8,
        entry="with_words",
        contract=(
            "Write the flow with_words(indexes, seconds, words). For every query of `indexes` a task run of its own, "
            "all at the same time, asks it and returns [number of its rows, words]: every one is given the whole list "
            "`words`. The flow returns these pairs in the order of `indexes`."
        ),
        hints=(
            "task.map(indexes, …) makes a task run for every index; .result() on what it returns collects in order.",
            "map() deals out every list that it is given. unmapped(words) stays whole.",
            "count.map(indexes, unmapped(seconds), unmapped(words)).result()",
        ),
        grade=mapped,
    ),
    Exercise(
        id="2.3",
        title="Two of them fail",
        minutes=12,
        entry="what_there_is",
        contract=(
            "Write the flow what_there_is(indexes, seconds). It asks every query of `indexes`, in task runs side by "
            "side. Some do not exist, and ask() raises LookupError. The flow completes all the same, and returns "
            '{"answers": [rows of each that could be answered, in order], "failed": [indexes of the others, in order]}.'
        ),
        hints=(
            "A failed task need not fail the flow: it is future.result() that raises.",
            "future.result(raise_on_failure=False) gives the exception back; future.wait() and then future.state tell "
            "how the task ended.",
            "Submit all, wait for all, and then sort them by future.state.is_completed().",
        ),
        grade=two_fail,
    ),
)
