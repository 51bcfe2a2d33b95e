"""The grader of exercise 3.4: when each task starts under a limit."""

import heapq
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from workbook.grading.evidence import OpaqueValue
from workbook.grading.exercises import expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer, AnswerError
from workbook.timelines import plans


def scheduled(answer: Answer) -> None:
    """Uneven durations, ties, one slot, more slots than tasks, and nothing to run; the smallest example comes first."""
    for durations, limit in _cases(answer.rng):
        _scheduled(answer, durations, limit)


def _cases(rng: Random) -> Iterator[tuple[list[float], int]]:
    yield _telling(rng, 5, 2), 2
    yield _telling(rng, 8, 3), 3
    yield [rng.choice([0.5, 1.5, 2.5])] * 5, 2
    yield [rng.choice([0.25, 0.75, 1.25, 1.75]) for _ in range(4)], 1  # which a clock of half-seconds misses
    yield [rng.randrange(1, 9) / 2 for _ in range(3)], rng.choice([5, 6])
    yield [], rng.choice([2, 3])


def _telling(rng: Random, count: int, limit: int) -> list[float]:
    """Durations with which each of the mistakes below gives something of its own."""
    while True:
        durations = [rng.randrange(1, 9) / 2 for _ in range(count)]
        found = [plans.limited(durations, limit), *(wrong for wrong, _ in _mistakes(durations, limit))]
        if len({tuple(numbers) for numbers in found}) == len(found):
            return durations


def _mistakes(durations: list[float], limit: int) -> list[tuple[list[float], str]]:
    """What people get, and the mistake behind it."""
    right = plans.limited(durations, limit)
    ends = [start + seconds for start, seconds in zip(right, durations, strict=True)]
    found: list[tuple[list[float], str]] = [
        (plans.in_batches(durations, limit), f"You let {limit} tasks start together and wait for all of them: that is "
         "a batch. Under a limit, a free slot goes to the next task straight away."),
        *((_in_turn(slots, durations[limit:]), "You deal the tasks out to the slots in turn. Each task should take "
           "whichever slot is released first.") for slots in (durations[:limit], sorted(durations[:limit]))),
        (ends, "Those are the moments at which the tasks end."),
        (plans.one_after_another(durations, limit), "Those are the starts of tasks that run one after another."),
        (plans.all_at_once(durations, limit), "Without a limit they would all start at 0."),
        *((wrong, "The durations aren't whole numbers, and neither are the starts.")
          for wrong in (list(map(int, right)), _taken(durations, limit, lambda start, seconds: int(start + seconds)))),
        (_taken(durations, limit, lambda _, seconds: seconds), "You put back how long a task takes. Put back the "
         "moment at which it ends: its start plus how long it takes."),
        (_last_few(durations, limit), f"You look at the ends of the last {limit} tasks. An earlier one may still hold "
         "its slot, and a slot that is taken again is no longer free."),
    ]  # fmt: skip
    for reverse, kind in ((True, "longest"), (False, "shortest")):
        order = sorted(range(len(durations)), key=durations.__getitem__, reverse=reverse)
        taken = plans.limited([durations[place] for place in order], limit)
        said = f"You start the {kind} task first. The tasks should start in the order in which they were submitted."
        found.append((taken, said))
        found.append(([taken[order.index(place)] for place in range(len(durations))], said))
    return found


def _taken(durations: list[float], limit: int, back: Callable[[float, float], float]) -> list[float]:
    """The starts if each task takes the least of `limit` numbers, and `back(start, duration)` is put in its place."""
    free, starts = [0.0] * limit, []
    for seconds in durations:
        starts.append(heapq.heappop(free))
        heapq.heappush(free, back(starts[-1], seconds))
    return starts


def _last_few(durations: list[float], limit: int) -> list[float]:
    """The starts if each task begins at the earliest end of the `limit` tasks before it."""
    starts: list[float] = []
    for place in range(len(durations)):
        ends = [starts[other] + durations[other] for other in range(max(0, place - limit), place)]
        starts.append(min(ends) if len(ends) == limit else 0.0)
    return starts


def _in_turn(slots: list[float], later: list[float]) -> list[float]:
    """The starts if the first tasks end at `slots`, and the later ones take these slots in turn."""
    ends, starts = list(slots), [0.0] * len(slots)
    for place, seconds in enumerate(later):
        starts.append(ends[place % len(slots)])
        ends[place % len(slots)] += seconds
    return starts


def _scheduled(answer: Answer, durations: list[float], limit: int) -> None:
    call = f"`schedule({_list(durations)}, {limit})`"
    right = plans.limited(durations, limit)
    expected = f"It should return {_list(right)}"
    try:
        found = answer.call(list(durations), limit)
    except AnswerError as error:
        raise NotYet(
            f"{call} raised {str(error).rstrip(': ')}.", f"{expected}.", _why_raised(durations, limit)
        ) from None
    if not _numbers(found):
        raise NotYet(
            f"{call} returned {_shown(found)}.", f"{expected}, a list of numbers.", _kind(found, durations, right)
        )
    if len(found) != len(right):
        raise NotYet(
            f"{call} returned {_list(found)}.",
            f"{expected}.",
            f"There are {len(durations)} tasks, so there should be {len(durations)} start times (got {len(found)}).",
        )
    if _same(found, right):
        return
    place = next(place for place, pair in enumerate(zip(found, right, strict=True)) if abs(pair[0] - pair[1]) >= 1e-6)
    cause = next((said for wrong, said in _mistakes(durations, limit) if _same(found, wrong)), "")
    raise NotYet(f"{call} returned {_list(found)}.", f"{expected}: {_when(place, durations, right)}.", cause)


def _when(place: int, durations: list[float], right: list[float]) -> str:
    """Why a task starts when it does, as "task 3 starts at 1 s, when task 2 releases its slot"."""
    start = right[place]
    if not start:
        return f"task {place + 1} starts at 0, because a slot is still free"
    leaves = next(other for other in range(place) if abs(right[other] + durations[other] - start) < 1e-6)
    return f"task {place + 1} starts at {start:g} s, when task {leaves + 1} releases its slot"


def _why_raised(durations: list[float], limit: int) -> str:
    if not durations:
        return "With nothing to run, there is nothing to start."
    return "There are more slots than tasks: the others stay free." if limit > len(durations) else ""


def _kind(found: Any, durations: list[float], right: list[float]) -> str:
    """What to do about a result that is no list of numbers."""
    if found is None and not durations:
        return "With nothing to run, your function ends without a value: return an empty list then."
    if found is None:
        return "`print` only shows a value; `return` hands it back."
    last = max((start + seconds for start, seconds in zip(right, durations, strict=True)), default=0.0)
    if isinstance(found, int | float) and abs(found - last) < 1e-6:
        return "That is the end of the last task. Return the start of every task instead."
    if isinstance(found, list):
        return "Return one number for each task, in the order in which the tasks were submitted."
    return ""


def _numbers(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(n, int | float) and not isinstance(n, bool) for n in found)


def _same(found: list[float], other: list[float]) -> bool:
    return all(abs(one - two) < 1e-6 for one, two in zip(found, other, strict=True))


def _shown(found: Any) -> str:
    return found.text if isinstance(found, OpaqueValue) else expect.brief(found)


def _list(numbers: list[float]) -> str:
    return f"[{', '.join(f'{number:g}' for number in numbers)}]"
