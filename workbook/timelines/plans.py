"""The ideal schedules of the patterns: when each query would run if starting a task took no time."""

from collections.abc import Callable, Sequence
from itertools import accumulate

from workbook.timelines.timeline import Span, Timeline

ALTERNATING = (1.0, 0.4, 1.8, 0.6, 1.6, 0.5, 1.4, 0.7)  # uneven durations, as multiples of their mean


def durations(count: int, seconds: float, even: bool) -> list[float]:
    """So many durations in seconds, all alike or uneven with this mean."""
    return [seconds * (1.0 if even else ALTERNATING[place % len(ALTERNATING)]) for place in range(count)]


def one_after_another(lengths: Sequence[float], limit: int) -> list[float]:
    """The start of each task in seconds, one at a time."""
    return [0.0, *accumulate(lengths)][: len(lengths)]


def all_at_once(lengths: Sequence[float], limit: int) -> list[float]:
    """The start of each task in seconds: 0."""
    return [0.0] * len(lengths)


def limited(lengths: Sequence[float], limit: int) -> list[float]:
    """The start of each task in seconds: in order, as soon as one of `limit` slots is free."""
    free, starts = [0.0] * limit, []
    for length in lengths:
        slot = min(range(limit), key=free.__getitem__)
        starts.append(free[slot])
        free[slot] += length
    return starts


def in_batches(lengths: Sequence[float], limit: int) -> list[float]:
    """The start of each task in seconds: `limit` together, and the next ones when all of them have ended."""
    starts, begun = [], 0.0
    for first in range(0, len(lengths), limit):
        batch = lengths[first : first + limit]
        starts += [begun] * len(batch)
        begun += max(batch)
    return starts


def plan(starts: Callable[[Sequence[float], int], list[float]], lengths: Sequence[float], limit: int) -> Timeline:
    """An ideal schedule as a timeline from second 0.

    Args:
        starts: one of the functions above.
        lengths: the duration of each task in seconds.
        limit: how many may run at once, where the pattern has a limit.
    """
    begun = starts(lengths, limit)
    return Timeline(
        tuple(
            Span(f"query-{place}", place, 0.0, start, start + length)
            for place, (start, length) in enumerate(zip(begun, lengths, strict=True))
        )
    )
