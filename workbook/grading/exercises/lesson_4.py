"""Lesson 4: batches, what the moment between two of them is good for, and what it costs."""

import contextlib
import math
from collections.abc import Iterator
from random import Random

from workbook.grading.evidence import OpaqueValue
from workbook.grading.exercises import expect
from workbook.grading.exercises.batches import batched
from workbook.grading.exercises.checkpoint import resumed
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer, AnswerError
from workbook.timelines import plans

# ----------------------------------------
# 4.3


def priced(answer: Answer) -> None:
    """Uneven durations, a short last batch, equal ones, one at a time, one batch for all, and nothing to run."""
    cases = list(_cases(answer.rng))
    for place, (durations, size) in enumerate(cases):
        found, price = _number(answer, durations, size), _price(durations, size)
        if abs(found - price) >= 1e-6:
            raise NotYet(
                f"{_call(durations, size)} returned {found:g}.",
                f"It should return {price:g}: {_in_words(durations, size)}.",
                _cause(answer, found, cases[place:]),
            )


def _cases(rng: Random) -> Iterator[tuple[list[float], int]]:
    yield _telling(rng, 5, 2), 2
    yield _telling(rng, 8, 3), 3
    yield _telling(rng, 6, 2), 2
    yield [rng.choice([0.5, 1.5, 2.5])] * 7, 3
    yield _durations(rng, 4), 1
    yield _durations(rng, 3), rng.choice([4, 5])
    yield [], rng.choice([2, 3])


def _durations(rng: Random, count: int) -> list[float]:
    return [rng.randrange(1, 17) / 4 for _ in range(count)]


def _telling(rng: Random, count: int, size: int) -> list[float]:
    """Durations for which none of the mistakes below gives the right price, and no two of them the same.

    The price has two decimals, so that one who rounds it gets another.
    """
    while True:
        durations = _durations(rng, count)
        price = _price(durations, size)
        wrong = [value for value, said in _mistakes(durations, size) if said not in (ROUNDED, SHORT)]
        rounded = {value for value, said in _mistakes(durations, size) if said == ROUNDED}
        if price > 1 and price % 0.5 and len({price, *wrong, *rounded}) == 1 + len(wrong) + len(rounded):
            return durations


def _slowest(durations: list[float], size: int) -> list[float]:
    return [max(durations[place : place + size]) for place in range(0, len(durations), size)]


def _in_batches(durations: list[float], size: int) -> float:
    return plans.plan(plans.in_batches, durations, size).makespan


def _under_limit(durations: list[float], size: int) -> float:
    return plans.plan(plans.limited, durations, size).makespan


def _price(durations: list[float], size: int) -> float:
    return _in_batches(durations, size) - _under_limit(durations, size)


ROUNDED = "The number is rounded. Return it as it is."
SHORT = "Don't forget the last batch, which isn't full."


def _mistakes(durations: list[float], size: int) -> list[tuple[float, str]]:
    """What people get, and the mistake behind it; always the same mistakes, in the same order."""
    batches, limit, work = _in_batches(durations, size), _under_limit(durations, size), math.fsum(durations)
    whole = durations[: len(durations) // size * size]
    dealt = max(math.fsum(durations[slot::size]) for slot in range(size))
    starts = plans.limited(durations, size)
    end = starts[-1] + durations[-1] if durations else 0.0
    longest_first = _under_limit(sorted(durations, reverse=True), size)
    price = batches - limit
    return [
        (batches, "That is how long the batches take. Subtract the time under the limit."),
        (limit, "That is how long the tasks take under the limit. Subtract it from the time of the batches."),
        (limit - batches, "The sign is the wrong way round: the price is the time of the batches minus the other."),
        (work - limit, "You get that if you add up the durations in a batch. It takes as long as its slowest task."),
        (batches / limit if limit else 1.0, "That is a ratio. Return a difference in seconds."),
        (batches * size - work, "That is the number of slot-seconds: the time that slots stand empty, added up over "
         "all slots. Return how much later the last task ends."),
        (batches - work / size, "Under a limit the tasks can't always share the work evenly: a task isn't cut in "
         "pieces. Find out when the last one ends."),
        (batches - dealt, "You get that if the tasks under the limit are dealt out to the slots in turn. A task should "
         "take whichever slot is released first."),
        (batches - max(starts, default=0.0), "You get that if you subtract the time at which the last task starts. "
         "Find out when the last one ends."),
        (batches - end, "You get that if you subtract the end of the last task in the list. Another may end later."),
        (batches - longest_first, "You get that if the longest task starts first under the limit. The tasks start in "
         "the order of the list."),
        (0.0, "Barriers cost nothing if all tasks of a batch take equally long. Here they don't."),
        (round(price), ROUNDED), (int(price), ROUNDED), (round(price, 1), ROUNDED),
        (_in_batches(whole, size) - limit, SHORT),
    ]  # fmt: skip


def _cause(answer: Answer, first: float, cases: list[tuple[list[float], int]]) -> str:
    """The mistake that gives what the answer returned, in every case; empty if there is none.

    Args:
        answer: the answer.
        first: what it returned in the first case.
        cases: this one, and those after it.
    """
    told = [(first, _mistakes(*cases[0]))]
    for case in cases[1:]:
        with contextlib.suppress(NotYet):
            told.append((_number(answer, *case), _mistakes(*case)))
    for place, (_, said) in enumerate(_mistakes(*cases[0])):
        if all(abs(found - mistakes[place][0]) < 1e-6 for found, mistakes in told):
            return said
    return ""


def _number(answer: Answer, durations: list[float], size: int) -> float:
    """What the answer returns, if it is a number."""
    expected = f"It should return {_price(durations, size):g}"
    try:
        found = answer.call(list(durations), size)
    except AnswerError as error:
        raise NotYet(
            f"{_call(durations, size)} raised {str(error).rstrip(': ')}.",
            f"{expected}: {_in_words(durations, size)}.",
        ) from None
    if not isinstance(found, int | float) or isinstance(found, bool):
        shown = found.text if isinstance(found, OpaqueValue) else expect.brief(found)
        why = (
            "`print` only shows a value; `return` hands it back."
            if durations
            else "A `return` without a value returns None."
        )
        raise NotYet(
            f"{_call(durations, size)} returned {shown}.",
            f"{expected}, a number of seconds.",
            why if found is None else "",
        )
    return found


def _call(durations: list[float], size: int) -> str:
    return f"`barrier_price([{', '.join(f'{seconds:g}' for seconds in durations)}], {size})`"


def _in_words(durations: list[float], size: int) -> str:
    if not durations:
        return "there is nothing to run"
    slowest, limit = _slowest(durations, size), _under_limit(durations, size)
    total = f" = {math.fsum(slowest):g}" if len(slowest) > 1 else ""
    return (
        f"batches of {size} take {' + '.join(f'{seconds:g}' for seconds in slowest)}{total} s, and under a limit of "
        f"{size} the last task ends after {limit:g} s"
    )


EXERCISES = (
    Exercise(
        id="4.1",
        title="Cut a list into batches",
        minutes=6,
        entry="in_batches",
        hints=(
            "At which positions in the list do the batches begin, if a batch has `size` queries?",
            "`range` can count in steps, and a slice that reaches beyond the end of a list is just shorter. See "
            "https://docs.python.org/3/library/stdtypes.html#range. For the inside of the loop, see "
            "https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently",
            "`for first in range(0, …, size):`, then `batch = indexes[first : …]`; submit the whole batch, and collect "
            "all of its results before the loop goes on.",
        ),
        grade=batched,
        why="You collect every result of a batch before the loop submits the next one, so batches never overlap. (To "
        "see that, the check held one query back.) The slice takes care of a short last batch.",
        variation="Run `observe(in_batches, range(7), 0.3, 3).plot()` in a new cell. Then try a size of 1, and one of "
        "100.",
        seconds=240,  # a pool of processes, started once a run
    ),
    Exercise(
        id="4.2",
        title="Resume from a checkpoint",
        minutes=14,
        entry="resume",
        hints=(
            "What must be in the file, so that a new process knows which queries are done and what they answered?",
            "A dict from query number to rows is a good checkpoint, and `save` from this lesson writes it. In JSON its "
            "keys become strings: see https://docs.python.org/3/library/json.html. Prefect can store results, too: see "
            "https://docs.prefect.io/v3/advanced/results",
            "`answers = …` from the file if it exists, otherwise `{}`; `left = [index for index in indexes if … not in "
            "answers]`; batches of `left` as in 4.1, with `save(checkpoint, answers)` after each; at the end the rows "
            "of all `indexes`.",
        ),
        grade=resumed,
        why="Everything that the second run needs is in the file, so any process can go on from there, on any machine "
        "that has the file. `save` replaces it in one step, so there is always a complete file.",
        variation="Run `observe(resume, [0, 1, 2, 3, 99, 5], 0.3, 2, 'mine.json').plot()` and look into the file. Then "
        "put 4 in place of 99 and run it again: how many bars are there now?",
    ),
    Exercise(
        id="4.3",
        title="What do the barriers cost?",
        kind="predict",
        minutes=7,
        entry="barrier_price",
        hints=(
            "Durations 3, 1, 2 and 2, batches of two: when does the second batch start? And under a limit of two, when "
            "does the third task start?",
            "In batches, add up the slowest task of each. Under the limit, find the end of the last task. "
            "https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits says when a task may start.",
            "`in_batches = sum(max(…) for …)`; `under_limit = max(start + seconds for …)` with the starts from 3.4; "
            "return the difference. Don't forget that the list may be empty.",
        ),
        grade=priced,
        why="A batch takes as long as its slowest task. If hand-overs take no time, the next task under a limit starts "
        "as soon as a slot is released, so the same tasks never need more time than in batches.",
        variation="Take the real queries: `usual = [QUERIES[index].seconds for index in range(12)]`. What do the "
        "barriers cost with `usual`, and with `sorted(usual)`, in batches of three?",
    ),
)
