"""Lesson 0: a first flow, a first timeline, and how checks work."""

import math

from workbook.grading.evidence import OpaqueValue
from workbook.grading.exercises import expect
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer, AnswerError

SECONDS = 0.11  # of the query: no learner types it by chance
ROUNDED_SECONDS = "Round up the number of rounds only, and not the seconds."


def first(answer: Answer) -> None:
    index = answer.rng.randrange(20)
    seen = answer(index, SECONDS)
    expect.result(seen, *expect.rows_of([index]))
    expect.asked_in_tasks(seen, [index], SECONDS)
    expect.nothing_else(seen, [index])


def needed(answer: Answer) -> None:
    """Queries that fill their rounds, one more, others that don't, fewer than fit, one at a time, and none.

    The rounds are odd, as round(… + 0.5) is right if they are even. No other mistake gives a whole number of seconds,
    and seconds that are rounded up are never the number of rounds.
    """
    at_once = answer.rng.randrange(3, 7)
    full, seconds = at_once * answer.rng.choice([3, 5]), answer.rng.choice([0.63, 1.37, 1.71])
    many = answer.rng.randrange(200, 300)
    cases = (
        (full, at_once),
        (full + 1, at_once),  # which rounding off would forget
        (full + answer.rng.randrange(1, at_once), at_once),
        (at_once - 1, at_once),
        (many * 2 + 1, many),  # a tiny part of a round
        (full, 1),
        (0, at_once),
    )
    for count, at_once in cases:
        _needed(answer, count, seconds, at_once)


def _needed(answer: Answer, count: int, seconds: float, at_once: int) -> None:
    call = f"`seconds_needed({count}, {seconds:g}, {at_once})`"
    rounds = -(-count // at_once)
    expected = f"It should return {rounds * seconds:g}: {_in_words(count, at_once, rounds, seconds)}."
    try:
        found = answer.call(count, seconds, at_once)
    except AnswerError as error:
        raise NotYet(f"{call} raised {error}.", expected) from None
    if isinstance(found, OpaqueValue) or not isinstance(found, int | float) or isinstance(found, bool):
        shown = "None" if found is None else f"{getattr(found, 'text', found)!r:.60}"
        raise NotYet(
            f"{call} returned {shown}.", "It should return a number of seconds.",
            "" if found is not None
            else "`print` only shows a value; `return` hands it back." if count
            else "With nothing to run, your function ends without a value: return 0 then.",
        )  # fmt: skip
    if abs(found - rounds * seconds) < 1e-6:
        return
    raise NotYet(f"{call} returned {found:g}.", expected, _cause(found, count, seconds, at_once))


def _in_words(count: int, at_once: int, rounds: int, seconds: float) -> str:
    if not count:
        return "there is nothing to run"
    rest = count - (rounds - 1) * at_once
    last = f", the last with {rest}" if rest < min(at_once, count) else ""
    length = f"{rounds} {'rounds' if rounds > 1 else 'round'} of {seconds:g} s"
    return f"{count} queries, {at_once} at a time, take {length}{last}"


def _cause(found: float, count: int, seconds: float, at_once: int) -> str:
    """Where the number comes from, if it is one of those that people get."""
    if not count:
        return ""
    wrong = {
        count * seconds: "That is the time if they run one after another. A round takes only as long as one query.",
        seconds: "That is the time of one round: only `at_once` queries fit into it.",
        count
        * seconds
        / at_once: "A query can't be cut in pieces: a round that isn't full takes as long as a full one.",
        count // at_once * seconds: "Don't forget the last round, which isn't full.",
        (count // at_once + 1) * seconds: "That is one round too many when the last one is full.",
        int(-(-count // at_once) * seconds): ROUNDED_SECONDS,
        math.ceil(count * seconds / at_once): ROUNDED_SECONDS,
        -(-count // at_once): "That is the number of rounds, each of which takes `seconds`.",
    }
    return next((said for value, said in wrong.items() if abs(found - value) < 1e-6), "")


EXERCISES = (
    Exercise(
        id="0.1",
        title="Make one check pass",
        minutes=3,
        entry="first_flow",
        hints=(
            "You already have a task that runs a query. How do you call it?",
            "Call the task in the flow like any function, and return what it returns. See "
            "https://docs.prefect.io/v3/concepts/tasks",
        ),
        grade=first,
        why="A task that you call in a flow runs now and returns its result, like any function.",
        variation="Run `first_flow(3, 0.5)` in a new cell, and find that flow run in the web UI, whose "
        "address is below the first cell.",
    ),
    Exercise(
        id="0.2",
        title="Predict any run",
        kind="predict",
        minutes=5,
        entry="seconds_needed",
        hints=(
            "Seven queries, three at a time: how many rounds is that, and how long is each?",
            "You need the number of rounds as a whole number, rounded up: see `math.ceil` at "
            "https://docs.python.org/3/library/math.html#math.ceil",
            "`rounds = …(count / at_once)`, and then multiply.",
        ),
        grade=needed,
        why="Equal queries run in rounds: as many as fit, then the next ones. No order of the queries can "
        "beat the time that your function returns.",
        variation="Use it for your next guesses. The rest of a run's time is Prefect's overhead.",
    ),
)
