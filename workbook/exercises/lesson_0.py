"""Lesson 0: a first flow, and how checks work."""

from workbook.exercises import Exercise, expect
from workbook.sandbox import Answer

SECONDS = 0.1  # of the query


def first(answer: Answer) -> None:
    index = answer.chance.randrange(20)
    seen = answer(index, SECONDS)
    expect.result(seen, *expect.rows_of([index]))
    expect.asked_in_tasks(seen, [index], SECONDS)
    expect.nothing_else(seen, [index])


EXERCISES = (
    Exercise(
        id="0.1",
        title="Make one check pass",
        minutes=3,
        entry="first_flow",
        contract=(
            "Write the flow first_flow(index, seconds). It asks the query `index` with ask(index, seconds), inside one "
            "task, and returns its rows."
        ),
        hints=(
            "The task is there already: call it from the flow, like any function.",
            "return query(index, seconds)",
        ),
        grade=first,
    ),
)
