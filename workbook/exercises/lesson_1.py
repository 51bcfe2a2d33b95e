"""Lesson 1: tasks that need each other's results."""

from collections.abc import Iterable

from flows import warehouse
from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, Run
from workbook.timeline import Span, Timeline
from workbook.work import together

SECONDS = 0.1  # of each query


def chain(answer: Answer) -> None:
    """Two first queries: the number of their rows is not the same modulo 10 and 20, and of one it is more than 20."""
    counts = [len(rows) for rows in expect.rows_of(range(len(warehouse.QUERIES)))]
    for most in answer.chance.sample([20, 100], 2):
        fit = [
            i for i, n in enumerate(counts) if n % 20 != i and (n > 20 if most > 20 else n < 20 and n % 20 != n % 10)
        ]
        _chained(answer, answer.chance.choice(fit))


def _chained(answer: Answer, index: int) -> None:
    rows = warehouse.query(index, seconds=0)
    last = len(rows) % 20
    seen = answer(index, SECONDS)
    asked = [note.index for note in seen.asked]
    if index in asked and last not in asked and (others := [other for other in asked if other != index]):
        raise NotYet(
            f"Query {index} returned {len(rows)} rows, and then your flow asked query {others[0]}.",
            f"It should have asked query {last}, which is {len(rows)} modulo 20.",
            "Look at what your transform returns, and at what load is given.",
        )
    if seen.state.is_completed() and seen.result == rows:
        raise NotYet(
            "Your flow returned what extract got.", "It should return the rows that load got.",
            "Look at the `return` of the flow.",
        )  # fmt: skip
    expect.result(seen, *expect.rows_of([last]), what="the rows of the last query")
    expect.asked_in_tasks(seen, [index, last], SECONDS)
    expect.nothing_else(seen, [index, last])
    extract, load = _who_asked(seen, index), _who_asked(seen, last)
    expect.all_before([extract], [load], "Extract", "load")
    others = [span for span in seen.timeline if span not in (extract, load)]
    if not any(Timeline.before([extract], [span]) and Timeline.before([span], [load]) for span in _ran(others)):
        raise NotYet(
            f"No task ran between {extract.name} and {load.name}.",
            "Transform should be a task too: it begins when extract has ended, and ends before load begins.",
            "Put @task above transform and call it in the flow, not inside another task. Prefect doesn't see a plain "
            "function.",
        )


def diamond(answer: Answer) -> None:
    """At the gate the top query stays for a moment, so that a task that does not wait for it shows itself."""
    top, left, right = answer.chance.sample(range(20), 3)
    seen = answer(top, left, right, SECONDS, gate=answer.gate([([top], 1)], [([left, right], 2)]))
    expect.result(seen, sum(map(len, expect.rows_of([left, right]))), what="the number of rows")
    expect.asked_in_tasks(seen, [top, left, right], SECONDS)
    expect.nothing_else(seen, [top, left, right])
    first, one, other = (_who_asked(seen, index) for index in (top, left, right))
    expect.all_before([first], [one, other], "The task at the top", "the two in the middle")
    if not seen.timeline.overlaps(one, other):
        raise NotYet(
            f"{one.name} and {other.name} ran one after the other.",
            "The two tasks in the middle should run at the same time.",
            "Neither needs the other's result: submit both before you wait for one of them.",
        )
    if not together(seen.asked, [([left, right], 2)]):
        raise NotYet(
            f"{one.name} and {other.name} ran at the same time, but their queries one after the other.",
            "The two queries in the middle should run at the same time.",
            "Something inside your task makes it wait again while it is already running, as a lock does.",
        )
    others = _ran(span for span in seen.timeline if span not in (first, one, other))
    if not others:
        raise NotYet(
            "Only the tasks with the three queries ran.",
            "A fourth task should be given the rows of both in the middle, and count them.",
            "Put @task above the function that counts, and call it in the flow.",
        )
    if not any(Timeline.before([one, other], [span]) for span in others):
        expect.all_before([one, other], others[-1:], "The two in the middle", "the last task")


def _who_asked(seen: Run, index: int) -> Span:
    (span,) = expect.queried(seen, [index])
    return span


def _ran(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if span.start is not None]


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
