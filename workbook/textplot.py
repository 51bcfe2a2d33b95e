"""The figures in words and characters: for a terminal, a log, and a reader who cannot see the picture.

Whatever a figure shows is said here too, from the same numbers. A screen reader gets its answer from the first
sentence; the characters below it are for those who look.
"""

import math
import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from rich.cells import cell_len, chop_cells, set_cell_size

from workbook.timeline import Span, Timeline

FAILED = ("FAILED", "CRASHED")
ROWS = 24  # more than fit on a terminal say nothing one by one
NARROWEST = 20
_BLOCKS = " ▁▂▃▄▅▆▇█"
FAIL, GOES_ON = "\N{MULTIPLICATION SIGN}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_TO_ASCII = str.maketrans(f"·█│▁▂▃▄▅▆▇…{FAIL}{GOES_ON}", ".#|....###~x>")


def as_text(timeline: Timeline, limit: int | None = None, width: int = 80, ascii_only: bool = False) -> str:
    """One run as text: what happened in a sentence, a bar of characters per task run, how many ran at once.

    More than 24 task runs are summed up by task instead.

    Args:
        timeline: the run.
        limit: how many task runs may run at once, if there is a limit.
        width: columns; no line is wider.
        ascii_only: for a terminal or a file that knows no other characters.

    Raises:
        ValueError: the width is below 20 columns, or the limit is not a positive whole number.
    """
    parts = _wrapped(sentence(timeline, limit), width)
    if len(timeline):
        rows = _gantt(timeline, width) if len(timeline) <= ROWS else _by_task(timeline)
        parts += ["", *rows, "", *_at_once(timeline, limit, width)]
    return _finished(parts, width, ascii_only)


def compare_as_text(
    runs: dict[str, Timeline], limits: dict[str, int | None], width: int = 80, ascii_only: bool = False
) -> str:
    """Several runs as text: a line of numbers for each, and how many ran at once over one time axis.

    Args:
        runs: the runs by name.
        limits: how many task runs may run at once, by the run's name; for those that have a limit.
        width: columns; no line is wider.
        ascii_only: for a terminal or a file that knows no other characters.

    Raises:
        ValueError: the width is below 20 columns, or a limit is not a positive whole number.
    """
    lines = []
    for name, run in runs.items():
        lines += _wrapped(f"{clean(name)}: {sentence(run, limits.get(name))}", width)
    names = max(cell_len(clean(name)) for name in runs)
    names, columns = min(names, width // 3), width - min(names, width // 3) - 2
    longest, peak = max(run.makespan for run in runs.values()), max(run.peak for run in runs.values())
    if peak:
        lines += ["", f"How many ran at once, up to {peak}, over {seconds(longest)} from each run's first start:"]
        for name, run in runs.items():
            lines.append(f"{set_cell_size(short(name, names), names)} │{skyline(run, longest, peak, columns)}")
    return _finished(lines, width, ascii_only)


def skyline(run: Timeline, duration: float, highest: int, columns: int) -> str:
    """How many ran at once in one line of characters, from the first start on.

    Args:
        run: the run.
        duration: the seconds that all columns together stand for.
        highest: how many at once a full block stands for.
        columns: the width of the line.
    """
    counts = _counts(run, run.spans[0].start or 0.0, duration, columns) if run.peak else []
    return "".join(_BLOCKS[min(math.ceil(count / highest * 8), 8)] for count in counts)


# ----------------------------------------
# Sentences


def seconds(value: float) -> str:
    """A duration as figures say it, with the digits that mean something: "0.34 s", "4.3 s", "125 s"."""
    if abs(value) >= 1e6:
        return f"{value:.3g} s"
    return f"{value:.{2 if abs(value) < 0.995 else 1 if abs(value) < 99.95 else 0}f} s"


def count(number: int) -> str:
    """ "1 task run", "20 task runs"."""
    return f"{number} task run{'' if number == 1 else 's'}"


def headline(timeline: Timeline, limit: int | None = None) -> str:
    """The finding of one run with its measured numbers, short enough for a title.

    Args:
        timeline: the run.
        limit: how many task runs may run at once, if there is a limit.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    ideal = None if limit is None else timeline.ideal(limit)
    if not len(timeline):
        return "No task ran"
    total, going = count(len(timeline)), _goes_on(timeline)
    if all(span.start is None for span in timeline):
        return f"{total} waiting, none started yet" if going else f"{total}, none ever started"
    ended = sum(span.end is not None for span in timeline)
    if going:
        begin = f"So far {ended} of {total} ended, at most {timeline.peak} at once"
    else:
        begin = f"{total}, at most {timeline.peak} at once"
        begin += f", {len(timeline) - ended} never started" if ended < len(timeline) else ""
    if failed := len(_failed(timeline)):
        begin += f", {failed} failed"
    if limit is not None and timeline.peak > limit:
        return f"{begin}, over the limit of {limit}: {seconds(timeline.makespan)}"
    # The work of a run that goes on is not all known, and so neither is its ideal.
    return f"{begin}: {seconds(timeline.makespan)}" + ("" if ideal is None or going else f"; ideal {seconds(ideal)}")


def contest(runs: dict[str, Timeline]) -> str:
    """The comparison in one line; of many runs only the slowest and the quickest."""
    first, *others = (Counter(span.task for span in run) for run in runs.values())
    same = ""
    if first and others and all(other == first for other in others):
        same = f"The same {count(sum(first.values()))}: "
    named = {clean(name): run.makespan for name, run in runs.items() if run.peak}
    if len(named) > 4:
        named = {name: named[name] for name in (max(named, key=named.get), min(named, key=named.get))}
    return same + ", ".join(f"{name} in {seconds(took)}" for name, took in named.items()) if named else "No task ran"


def sentence(timeline: Timeline, limit: int | None = None) -> str:
    """The finding of one run with its limit, failures and waits, in full sentences.

    Args:
        timeline: the run.
        limit: how many task runs may run at once, if there is a limit.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    parts = [f"{headline(timeline, limit)}."]
    if limit is not None and timeline.peak <= limit:
        parts.append(f"The limit is {limit}.")
    if failed := _failed(timeline):
        more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
        parts.append(f"Failed: {', '.join(clean(span.name) for span in failed[:3])}{more}.")
    if max(timeline.waits, default=0.0) >= 0.05:
        parts.append(f"The longest wait before a start was {seconds(max(timeline.waits))}.")
    return " ".join(parts)


def clean(name: str) -> str:
    """A name without the characters that a terminal or a font would stumble over."""
    return "".join(c if c.isprintable() else "?" for c in name)


def short(name: str, width: int) -> str:
    """A name of at most so many columns; the end stays, for that is where task runs of one task differ."""
    name = clean(name)
    if cell_len(name) <= width:
        return name
    tail = name[-min(4, width // 3) :]
    while cell_len(tail) > width // 2:
        tail = tail[1:]
    return set_cell_size(name, width - 1 - cell_len(tail)).rstrip() + "…" + tail


def extent(timeline: Timeline) -> tuple[float, float]:
    """The first and the last moment that a figure of this run must show."""
    moments = [timeline.origin]
    for span in timeline:
        last = timeline.now if span.start is None else timeline.end_of(span)
        moments += [span.created, last, *([] if span.start is None else [span.start])]
    return min(moments), max(moments)


def _goes_on(timeline: Timeline) -> bool:
    """Whether more is to come: something runs, or the flow run is known to have begun, looked at, and not ended."""
    if any(span.start is not None and span.end is None for span in timeline):
        return True
    unfinished = any(span.start is None for span in timeline) or None not in (timeline.begin, timeline.until)
    return timeline.end is None and unfinished


def _failed(timeline: Timeline) -> list[Span]:
    return [span for span in timeline if span.state in FAILED]


# ----------------------------------------
# Characters


def _margin(timeline: Timeline, width: int) -> int:
    """Columns for what stands left of the characters that are drawn."""
    if len(timeline) > ROWS:
        return 5
    return max(5, min(max(cell_len(clean(span.name)) for span in timeline), width // 4))


def _gantt(timeline: Timeline, width: int) -> Iterator[str]:
    left, right = extent(timeline)
    names = _margin(timeline, width)
    columns = width - names - 13
    if columns < 8:  # too narrow to draw: say it
        for span in timeline:
            ran = "not started" if span.start is None else seconds(timeline.end_of(span) - span.start)
            yield f"{short(span.name, width - 13)}, {ran}"
        return
    per_second = columns / (right - left) if right > left else 0.0
    for span in timeline:
        created, end = int((span.created - left) * per_second), timeline.end_of(span)
        if span.start is None:
            bar, ran = " " * created + "·" * (int((right - left) * per_second) - created + 1), "-"
        else:
            start, stop = int((span.start - left) * per_second), math.ceil((end - left) * per_second)
            body = (FAIL if span.state in FAILED else "█") * max(1, stop - start)
            bar = " " * min(created, start) + "·" * (start - created) + body + (GOES_ON if span.end is None else "")
            ran = seconds(end - span.start)
        name = set_cell_size(short(span.name, names), names)
        yield f"{name} │{set_cell_size(bar, columns + 1)} {ran:>9}"
    yield f"· waits  █ runs  {FAIL} failed  {GOES_ON} still running; {columns} columns are {seconds(right - left)}"


def _by_task(timeline: Timeline) -> Iterator[str]:
    tasks = Counter(span.task for span in timeline).most_common()
    for task, number in tasks[:8]:
        part = timeline.where(task=task)
        ran = [timeline.end_of(span) - span.start for span in part if span.start is not None]
        line = f"{short(task or 'unnamed task', 24)}: {count(number)}"
        if ran:
            line += f", half within {seconds(median(ran))}, longest {seconds(max(ran))}"
            line += f", longest wait {seconds(max(0.0, *part.waits, 0.0))}"
        yield line + (f", {len(_failed(part))} failed" if _failed(part) else "")
    if len(tasks) > 8:
        yield f"and {len(tasks) - 8} more tasks"


def _at_once(timeline: Timeline, limit: int | None, width: int) -> Iterator[str]:
    if not timeline.peak:
        return
    left, right = extent(timeline)
    margin = _margin(timeline, width)
    columns = width - margin - (2 if len(timeline) > ROWS else 13)  # under the bars, where there are any
    counts = _counts(timeline, left, right - left, max(columns, 8))
    rows = min(timeline.peak, 6)
    yield f"How many ran at once{'' if limit is None else f' (limit {limit})'}:"
    for row in range(rows - 1, -1, -1):
        levels = (min(max(number * rows / timeline.peak - row, 0.0), 1.0) for number in counts)
        label = f"{(row + 1) * timeline.peak / rows:g}" if rows == timeline.peak or row == rows - 1 else ""
        yield f"{label:>{margin}} │" + "".join(_BLOCKS[math.ceil(level * 8)] for level in levels)
    begun = left - timeline.origin
    yield f"{'':{margin + 2}}from {seconds(begun)} to {seconds(begun + right - left)}"


def _counts(timeline: Timeline, left: float, duration: float, columns: int) -> list[int]:
    """The most that ran at once in each column of time."""
    counts = [0] * columns
    for (moment, running), (following, _) in pairwise(timeline.curve()):
        first = int((moment - left) / duration * columns)
        last = math.ceil((following - left) / duration * columns)
        for column in range(min(first, columns - 1), min(max(last, first + 1), columns)):
            counts[column] = max(counts[column], running)
    return counts


def _wrapped(text: str, width: int) -> list[str]:
    if width < NARROWEST:
        raise ValueError(f"Text of a timeline needs {NARROWEST} columns or more, and width is {width}.")
    return [piece for line in textwrap.wrap(text, width) for piece in chop_cells(line, width)]


def _finished(lines: list[str], width: int, ascii_only: bool) -> str:
    cut = [line if cell_len(line) <= width else set_cell_size(line, width) for line in lines]
    text = "\n".join(line.rstrip() for line in cut)
    return text.translate(_TO_ASCII).encode("ascii", "replace").decode() if ascii_only else text
