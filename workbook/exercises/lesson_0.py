"""Lesson 0: a first flow, and how checks work."""

from workbook.exercises import Exercise, expect
from workbook.sandbox import Answer


def first(answer: Answer) -> None:
    index = answer.chance.randrange(20)
    seen = answer(index, 0.2)
    expect.result(seen, *expect.rows_of([index]))
    expect.task_runs(seen, 1)
    expect.asked_in_tasks(seen, [index])


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
