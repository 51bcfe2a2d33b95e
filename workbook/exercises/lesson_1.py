"""Lesson 1: tasks that need each other's results."""

from flows import warehouse
from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, Run
from workbook.timeline import Span


def chain(answer: Answer) -> None:
    """Which query the last step asks depends on what the first one found, so nobody can ask it early."""
    index = answer.chance.randrange(20)
    rows = warehouse.query(index, seconds=0)
    last = len(rows) % 20
    seen = answer(index, 0.2)
    if seen.state.is_completed() and seen.result == rows != warehouse.query(last, seconds=0):
        raise NotYet("Your flow returned what extract got.", "It should return the rows that load got.")
    expect.result(seen, *expect.rows_of([last]), what="the rows of the last query")
    expect.task_runs(seen, 3)
    expect.asked_in_tasks(seen, [index, last])
    expect.never_above(seen, 1)
    asked = [_who_asked(seen, index), _who_asked(seen, last)]
    (between,) = [span for span in seen.timeline if span not in asked]
    expect.all_before(asked[:1], [between], "Extract", "transform")
    expect.all_before([between], asked[1:], "Transform", "load")


def diamond(answer: Answer) -> None:
    top, left, right = answer.chance.sample(range(20), 3)
    seen = answer(top, left, right, 0.7)
    if seen.state.is_completed() and len(seen.timeline) == 4 and seen.timeline.peak == 1:
        seen = answer(top, left, right, 2)  # on a busy machine the second may have come too late to overlap
    expect.result(seen, sum(map(len, expect.rows_of([left, right]))), what="the number of rows")
    expect.task_runs(seen, 4)
    expect.asked_in_tasks(seen, [top, left, right])
    first, one, other = (_who_asked(seen, index) for index in (top, left, right))
    (last,) = [span for span in seen.timeline if span not in (first, one, other)]
    expect.all_before([first], [one, other], "The task at the top", "the two in the middle")
    expect.all_before([one, other], [last], "The two in the middle", "the last task")
    if not seen.timeline.overlaps(one, other):
        raise NotYet(
            f"{one.name} and {other.name} ran one after the other.",
            "The two tasks in the middle should run at the same time.",
            "Neither needs the other's result: submit both before you wait for one of them.",
        )


def _who_asked(seen: Run, index: int) -> Span:
    (task_run,) = {note.task_run_id for note in seen.asked if note.index == index}
    (span,) = [span for span in seen.timeline if span.id == task_run]
    return span


EXERCISES = (
    Exercise(
        id="1.1",
        title="Extract, transform, load",
        minutes=8,
        entry="chain",
        contract=(
            "Write the flow chain(index, seconds) of three tasks. Extract asks the query `index` with "
            "ask(index, seconds). Transform is given its rows and returns how many they are, modulo 20. Load is given "
            "that number and asks the query of that number. The flow returns the rows that load got."
        ),
        hints=(
            "Each task is given what the one before returned: that is all it takes to put them in order.",
            "rows = extract(index, seconds), then transform(rows), then load(…).",
            "number = transform(extract(index, seconds)); return load(number, seconds)",
        ),
        grade=chain,
    ),
    Exercise(
        id="1.2",
        title="A diamond",
        minutes=12,
        entry="diamond",
        contract=(
            "Write the flow diamond(top, left, right, seconds) of four task runs. The first asks the query `top`. When "
            "it has ended, two more ask `left` and `right`, at the same time. The last is given the rows of both, and "
            "returns how many they are together, which the flow returns."
        ),
        hints=(
            "A future that is given to another task is a dependency: Prefect waits for it, and your flow need not.",
            "What does not pass a result on can still wait: query.submit(left, seconds, wait_for=[first]).",
            "Submit both of the middle before you ask either for its result; then count.submit(one, other).result().",
        ),
        grade=diamond,
    ),
)
