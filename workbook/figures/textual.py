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

from workbook.figures.words import CUT_OFF, clean, extent, label, rows_of, seconds, sentence, short
from workbook.timelines.finding import count
from workbook.timelines.timeline import Span, Timeline

ROWS = 24  # more than fit on a terminal say nothing one by one
COLUMNS, NARROWEST = 80, 20  # a terminal's usual width, and the least that has room for a sentence
BLOCKS = " ▁▂▃▄▅▆▇█"
GOES_ON = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
NO_BREAK = "\N{NO-BREAK SPACE}"
FAIL, CACHED = "\N{MULTIPLICATION SIGN}", "\N{WHITE CIRCLE}"
MARKS = {
    "·": "waits", "█": "runs", CACHED: "cached", FAIL: "failed", "░": "crashed or cancelled",
    "┄": "waits to be tried again", "▒": "a flow run", GOES_ON: "still running",
}  # fmt: skip


def as_text(timeline: Timeline, limit: int | None = None, width: int = COLUMNS) -> str:
    """One run as text: what happened in a sentence, a bar of characters per task run, how many ran at once.

    More than 24 task runs are summed up by task instead.

    Args:
        timeline: the run.
        limit: how many task runs may run at once, if there is a limit.
        width: columns; no line is wider.

    Raises:
        ValueError: the width is below 20 columns, or the limit is not a positive whole number.
    """
    parts = _wrapped(sentence(timeline, limit), width)
    if rows_of(timeline):
        rows = _gantt(timeline, width) if len(rows_of(timeline)) <= ROWS else _by_task(timeline)
        parts += ["", *rows, "", *_at_once(timeline, limit, width)]
    return _finished(parts, width)


def compare_as_text(runs: dict[str, Timeline], limits: dict[str, int | None], what: str = "task run") -> str:
    """Several runs as text: a line of numbers for each, and how many ran at once over one time axis.

    No line is wider than 80 columns.

    Args:
        runs: the runs by name.
        limits: how many task runs may run at once, by the run's name; for those that have a limit.
        what: the word for one span.

    Raises:
        ValueError: a limit is not a positive whole number.
    """
    lines = []
    for name, run in runs.items():
        lines += _wrapped(f"{clean(name)}: {sentence(run, limits.get(name), what)}", COLUMNS)
    names = min(max(cell_len(clean(name)) for name in runs), COLUMNS // 3)
    columns = COLUMNS - names - 2
    longest, peak = max(run.makespan for run in runs.values()), max(run.peak for run in runs.values())
    if peak:
        lines += ["", f"How many ran at once, up to {peak}, over {seconds(longest)} from each run's first start:"]
        for name, run in runs.items():
            lines.append(f"{set_cell_size(short(name, names), names)} │{skyline(run, longest, peak, columns)}")
    return _finished(lines, COLUMNS)


def skyline(run: Timeline, duration: float, highest: int, columns: int) -> str:
    """How many ran at once in one line of characters, from the first start on.

    Args:
        run: the run.
        duration: the seconds that all columns together stand for.
        highest: how many at once a full block stands for.
        columns: the width of the line.
    """
    counts = _counts(run, run.spans[0].start or 0.0, duration, columns) if run.peak else []
    return "".join(BLOCKS[min(math.ceil(count / highest * 8), 8)] for count in counts)


def _margin(timeline: Timeline, width: int) -> int:
    """Columns for what stands left of the characters that are drawn."""
    rows = rows_of(timeline)
    if len(rows) > ROWS:
        return 5
    return max(5, min(max(cell_len(clean(label(timeline, span))) for span in rows), width // 4))


def _gantt(timeline: Timeline, width: int) -> Iterator[str]:
    left, right = extent(timeline)
    names, rows = _margin(timeline, width), rows_of(timeline)
    columns = width - names - 13
    if columns < 8:  # too narrow to draw: say it
        for span in rows:
            ran = "not started" if span.start is None else seconds(timeline.end_of(span) - span.start)
            yield f"{short(label(timeline, span), width - 13)}, {ran}"
        return
    per_second = columns / (right - left) if right > left else 0.0
    bars = [_bar(timeline, span, left, right, per_second) for span in rows]
    for span, bar in zip(rows, bars, strict=True):
        ran = "-" if span.start is None else seconds(timeline.end_of(span) - span.start)
        yield f"{set_cell_size(short(label(timeline, span), names), names)} │{set_cell_size(bar, columns + 1)} {ran:>9}"
    drawn = set("".join(bars)) | {"·", "█"}
    looks = [f"{mark} {means}" for mark, means in MARKS.items() if mark in drawn]
    whole = "  ".join(look.replace(" ", NO_BREAK) for look in looks)
    scale = f"{columns} columns are {seconds(right - left)}".replace(" ", NO_BREAK)
    for line in textwrap.wrap(f"{whole}; {scale}", width):
        yield line.replace(NO_BREAK, " ")


def _bar(timeline: Timeline, span: Span, left: float, right: float, per_second: float) -> str:
    created, end = int((span.created - left) * per_second), timeline.end_of(span)
    if span.start is None:
        return " " * created + "·" * (int((right - left) * per_second) - created + 1)
    start, stop = int((span.start - left) * per_second), math.ceil((end - left) * per_second)
    runs = "▒" if span in timeline.around.children else CACHED if span.cached else "█"
    body = list(("░" if span.state in CUT_OFF else FAIL if span.state == "FAILED" else runs) * max(1, stop - start))
    for begun, over in reversed(span.delays):
        first, last = (int((moment - left) * per_second) - start for moment in (begun, over))
        body[:first] = FAIL * first
        body[first:last] = "┄" * len(body[first:last])
    going = GOES_ON if span.end is None else ""
    return " " * min(created, start) + "·" * (start - created) + "".join(body) + going


def _by_task(timeline: Timeline) -> Iterator[str]:
    tasks = Counter(span.task for span in timeline).most_common()
    for task, number in tasks[:8]:
        part = timeline.where(task=task)
        ran = [timeline.end_of(span) - span.start for span in part if span.start is not None]
        line = f"{short(task or 'unnamed task', 24)}: {count(number, 'task run')}"
        if ran:
            line += f", half within {seconds(median(ran))}, longest {seconds(max(ran))}"
            line += f", longest wait {seconds(max(0.0, *part.waits, 0.0))}"
        failed = sum(span.state == "FAILED" for span in part)
        cached = sum(span.cached for span in part)
        yield line + (f", {cached} cached" if cached else "") + (f", {failed} failed" if failed else "")
    if len(tasks) > 8:
        yield f"and {len(tasks) - 8} more tasks"


def _at_once(timeline: Timeline, limit: int | None, width: int) -> Iterator[str]:
    if not timeline.peak:
        return
    left, right = extent(timeline)
    margin = _margin(timeline, width)
    columns = width - margin - (2 if len(rows_of(timeline)) > ROWS else 13)  # under the bars, where there are any
    counts = _counts(timeline, left, right - left, max(columns, 8))
    rows = min(timeline.peak, 6)
    yield f"How many ran at once{'' if limit is None else f' (limit {limit})'}:"
    for row in range(rows - 1, -1, -1):
        levels = (min(max(number * rows / timeline.peak - row, 0.0), 1.0) for number in counts)
        label = f"{(row + 1) * timeline.peak / rows:g}" if rows == timeline.peak or row == rows - 1 else ""
        yield f"{label:>{margin}} │" + "".join(BLOCKS[math.ceil(level * 8)] for level in levels)
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


def _finished(lines: list[str], width: int) -> str:
    cut = [line if cell_len(line) <= width else set_cell_size(line, width) for line in lines]
    return "\n".join(line.rstrip() for line in cut)
