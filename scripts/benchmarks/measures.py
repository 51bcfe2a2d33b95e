"""What the document and its figures say, worked out from the raw results; no file, no figure, no Prefect."""

import math
from collections.abc import Callable, Iterable
from statistics import fmean, median
from typing import Any

COST = 1.10  # what counts as cheap: less than a tenth above the ideal
Case = dict[str, Any]


def of(case: Case, what: str) -> list[float]:
    """A measure of every round of a case in which it is known."""
    return [value for one in case["rounds"] if (value := one[what]) is not None]


def middle(case: Case, what: str = "ratio") -> float:
    """The median over the rounds; infinite if no round has it."""
    return median(of(case, what) or [math.inf])


def spread(case: Case, what: str = "ratio", digits: int = 2) -> str:
    """Median, and least to most in brackets if there was more than one round; how many rounds if fewer than five."""
    values = of(case, what)
    if not values:
        return "-"
    text = f"{median(values):.{digits}f}"
    if len(values) > 1:
        text += f" ({min(values):.{digits}f} to {max(values):.{digits}f})"
    return text


def curve(cases: Iterable[Case], limit: int, uneven: bool = False) -> list[Case]:
    """The cases of a tag limit by task duration; for each duration, that with the fewest task runs."""
    found: dict[float, Case] = {}
    for case in cases:
        if (case["pattern"], case["limit"], case["uneven"]) == ("tag_limit", limit, uneven):
            held = found.get(case["seconds"])
            if held is None or case["count"] < held["count"]:
                found[case["seconds"]] = case
    return [found[seconds] for seconds in sorted(found)]


def limits(cases: Iterable[Case]) -> list[int]:
    """The limits that were measured with two durations or more."""
    wanted = sorted({case["limit"] for case in cases if case["pattern"] == "tag_limit"})
    return [limit for limit in wanted if len(curve(cases, limit)) > 1]


def cheap_from(points: list[tuple[float, float]], cost: float = COST) -> float | None:
    """The task duration in seconds from which on a limit costs less than `cost`, on straight lines between the points.

    Args:
        points: (seconds, ratio), by seconds; the line runs over the logarithm of the seconds.

    Returns:
        None if even the longest tasks measured cost more; the shortest duration if none does.
    """
    above = [number for number, (_, ratio) in enumerate(points) if ratio > cost]
    if not above:
        return points[0][0]
    if above[-1] == len(points) - 1:
        return None
    (short, high), (long, low) = points[above[-1]], points[above[-1] + 1]
    share = (high - cost) / (high - low)
    return math.exp(math.log(short) + share * (math.log(long) - math.log(short)))


def cheap_in_words(line: list[tuple[float, float]]) -> str:
    """What `cheap_from` finds, as "about 1.6 s"."""
    found = cheap_from(line)
    if found is None:
        return f"more than {line[-1][0]:g} s"
    return f"{found:g} s or less" if found == line[0][0] else f"about {found:.2g} s"


def points(case_curve: list[Case]) -> list[tuple[float, float]]:
    return [(case["seconds"], middle(case)) for case in case_curve]


def best(cases: Iterable[Case], pattern: str, keep: Callable[[Case], bool] = lambda case: True) -> Case | None:
    """The case in which a pattern got most task runs done in a second."""
    found = [case for case in cases if case["pattern"] == pattern and keep(case)]
    return max(found, key=lambda case: middle(case, "per_second"), default=None)


def holds(case: Case, cap: int) -> str:
    """Does the cap hold over two processes? In a few words, from what two processes did."""
    two = case["two"]
    if two is None:
        return "not measured"
    if two["peak"] > cap:
        return f"no: {two['peak']} at once"
    if two["overlapped"] is False:
        return "not shown: they did not overlap"
    return "yes" if two["overlapped"] else "yes: other processes ran the queries of both"


def recovered(case: Case) -> str:
    """After how many seconds a program that was killed and started again had all slots, or how many it had at most."""
    if case["crashed"] is None:
        return "-"
    full, peak = case["crashed"]["full"], case["crashed"]["peak"]
    return f"never more than {peak} at once" if full is None else f"{full:.1f} s"


def gaps(case: Case) -> list[float]:
    """The gaps of all rounds, in order of length."""
    return sorted(moments[-1] - moments[0] for one in case["rounds"] for moments in one["hand_overs"])


def steps(case: Case) -> list[float]:
    """The mean seconds between each two of the moments of a hand-over; they add up to the mean gap."""
    found = [moments for one in case["rounds"] for moments in one["hand_overs"]]
    return [fmean(moments[after] - moments[after - 1] for moments in found) for after in range(1, len(found[0]))]


def quantile(values: list[float], share: float) -> float:
    """The value of `values`, in order, that this share of them doesn't exceed."""
    return values[min(len(values) - 1, int(share * len(values)))]
