"""Draws how task runs ran: one run, several side by side, or one that is still going.

The figure is the workbook's argument: a wait, a gap or a peak that is seen is believed. So the title states what was
measured, colours are told apart by the colour-blind (Okabe and Ito's palette) and never carry a meaning alone, and
every figure has an alt text and a twin in characters. pyplot is left out: it keeps every figure and chooses a window
system, and figures here are drawn in threads, beside a running flow.
"""

import base64
import contextvars
import heapq
import html
import io
import re
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from workbook.textplot import (
    FAILED,
    as_text,
    clean,
    compare_as_text,
    contest,
    extent,
    headline,
    seconds,
    sentence,
    short,
)
from workbook.timeline import Span, Timeline

__all__ = ["Live", "Picture", "as_text", "comparison", "live", "picture"]

TASK_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#56B4E9", "#CC79A7", "#000000")  # vermillion is for failures
FAILURE, OTHER, WAIT, INK, PREDICTED = "#D55E00", "#666666", "#BDBDBD", "#222222", "#8A3A75"
WIDTH, DPI = 10.0, 110  # inches, dots per inch
NAMED, MANY = 30, 3.8  # rows with a name each, as more would have to be smaller than 11 pt; inches of more rows
TEXT, LABEL, TITLE = 11, 12, 15  # points; at 60 % of its size the smallest is still 6.6


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its alt text and its equivalent in characters; a notebook shows it, `print` gives the text."""

    figure: Figure = field(repr=False)
    title: str
    alt: str = field(repr=False)
    text: str = field(repr=False)

    def __str__(self) -> str:
        return self.text

    def png(self) -> bytes:
        """The figure as a PNG image, with the alt text as its description."""
        return self._drawn("png", {"Title": self.title, "Description": self.alt, "Software": None})

    def svg(self) -> str:
        """The figure as an SVG document, the same bytes every time, with title and description for screen readers."""
        # Without a salt and with a date, two drawings of one figure would differ.
        with matplotlib.rc_context({"svg.hashsalt": "workbook", "svg.fonttype": "path"}):
            drawn = self._drawn("svg", {"Date": None, "Creator": None}).decode()
        begin = drawn.index("<svg ")
        head, body = drawn[begin:].split(">", 1)
        words = f"<title>{html.escape(self.title)}</title>\n <desc>{html.escape(self.alt)}</desc>"
        return f'{drawn[:begin]}{head} role="img">\n {words}{body}'

    def _drawn(self, kind: str, metadata: dict[str, str | None]) -> bytes:
        drawn = io.BytesIO()
        self.figure.savefig(drawn, format=kind, dpi=DPI, metadata=metadata)
        return drawn.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the figure to a file.

        Args:
            path: where to; it ends in .png or .svg.

        Returns:
            The path.

        Raises:
            ValueError: the name ends in anything else.
        """
        path = Path(path)
        kind = path.suffix.lower()
        if kind not in (".png", ".svg"):
            raise ValueError(f"A picture is saved as .png or .svg, and {path.name!r} is neither.")
        path.write_bytes(self.png() if kind == ".png" else self.svg().encode())
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # Only as HTML does the alt text reach the reader in every place that shows a notebook.
        image = base64.b64encode(self.png()).decode()
        shown = (
            f'<figure style="margin:0"><img alt="{html.escape(self.alt)}" style="max-width:100%;height:auto" '
            f'src="data:image/png;base64,{image}"></figure>'
        )
        return {"text/html": shown, "text/plain": self.text}


# ----------------------------------------
# One run


def picture(
    timeline: Timeline,
    limit: int | None = None,
    title: str | None = None,
    prediction: tuple[float | None, int | None] | None = None,
) -> Picture:
    """Draw one run: a bar for each task run in order of start, its wait before it, and how many ran at once.

    Args:
        timeline: the run, ended or still going.
        limit: how many task runs may run at once, if there is a limit.
        title: the finding; by default it is made of the measured numbers.
        prediction: what the learner expected, as seconds from the first start to the last end and the most at once.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    title = headline(timeline, limit) if title is None else title
    predicted, most = prediction or (None, None)
    rows = len(timeline)
    bars = min(max(0.19 * rows, 2.0), 0.19 * NAMED) if rows <= NAMED else MANY  # inches
    figure = _figure(title, bars + (2.4 if len(_colours(timeline)) < 4 else 2.8))  # a legend of more lines
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[bars, 1.15])
    left, right = (moment - timeline.origin for moment in extent(timeline))
    _dress(upper)
    _dress(lower)
    _gantt(upper, timeline)
    _curve(lower, timeline)
    _marks(lower, timeline.peak, limit, most)
    if predicted is not None:
        first = timeline.spans[0].start if rows and timeline.spans[0].start is not None else timeline.origin
        right = _predicted(upper, lower, first - timeline.origin, predicted, left, right)
    _legend(upper, timeline, 0.0 if predicted is None else 0.24 / bars)
    margin = (right - left) * 0.015
    lower.set_xlim(left - margin, right + margin or left + 1.0)
    since = "the flow run started" if timeline.begin is not None else "the first task run was created"
    lower.set_xlabel(f"seconds since {since}", fontsize=LABEL, color=INK)
    _settle(figure)
    return Picture(figure, title, _alt(timeline, limit, predicted, most), as_text(timeline, limit))


def _alt(timeline: Timeline, limit: int | None, predicted: float | None, most: int | None) -> str:
    guess = ([] if predicted is None else [seconds(predicted)]) + ([] if most is None else [f"at most {most} at once"])
    words = [sentence(timeline, limit), *([f"Predicted: {', '.join(guess)}."] if guess else [])]
    words.append("A bar for each task run in order of start, its wait pale; below, how many ran at once over time.")
    return " ".join(words)


def _gantt(axes: Axes, timeline: Timeline) -> None:
    rows, colours, origin = len(timeline), _colours(timeline), timeline.origin
    many = rows > NAMED
    waits, good, bad, faces = [], [], [], []
    for row, span in enumerate(timeline, start=1):
        waited = timeline.now if span.start is None else span.start
        if waited > span.created:
            waits.append((row, span.created - origin, waited - origin))
        if span.start is not None:
            kind = bad if span.state in FAILED else good
            kind.append((row, span.start - origin, timeline.end_of(span) - origin))
            faces += [colours[_task(span)]] if kind is good else []
    # A wait is thinner as well as paler, so that it differs from a run on the worst projector too. Where there are many
    # rows a bar is at least a pixel and lies between pixels, or it fades and stripes appear that stand for nothing.
    tall, thin = (max(0.9, 1.2 * rows / (MANY * DPI)), 1.5) if many else (0.74, 0.3)
    edge = {"linewidths": 0, "snap": False} if many else {"linewidths": 0.7, "edgecolors": INK}
    _boxes(axes, "waits", waits, thin, facecolors=WAIT, linewidths=0, antialiaseds=not many)
    _boxes(axes, "runs", good, tall, facecolors=faces, **edge)
    _boxes(axes, "failed", bad, tall, facecolors=FAILURE, hatch="////", **edge)
    going = [(row, timeline.now - origin) for row, s in enumerate(timeline, 1) if s.start is not None and s.end is None]
    for marker, ends in {"x": [(row, end) for row, _, end in bad], ">": going}.items():
        axes.plot(
            [end for _, end in ends], [row for row, _ in ends], marker, ms=4 if many else 7, mew=1.3,
            mfc="white", mec=INK, clip_on=False, zorder=4, in_layout=False,
        )  # fmt: skip
    axes.set_ylim(rows + 0.7, 0.3)
    axes.tick_params(axis="y", length=4 if many else 0)
    if many:
        between = (int(tick) for tick in MaxNLocator(5).tick_values(1, rows) if 0.06 * rows < tick < 0.94 * rows)
        axes.set_yticks([1, *between, rows])
        axes.set_ylabel("task runs in order of start", fontsize=LABEL, color=INK)
    else:
        axes.set_yticks(range(1, rows + 1), labels=[short(span.name, 24) for span in timeline], parse_math=False)


def _boxes(axes: Axes, name: str, boxes: Iterable[tuple[int, float, float]], height: float, **style: Any) -> None:
    """Add bars given as (row, left, right) in one piece: two thousand of their own would take seconds to draw."""
    half = height / 2
    corners = [[(a, y - half), (b, y - half), (b, y + half), (a, y + half)] for y, a, b in boxes]
    bars = PolyCollection(corners, label=f"_{name}", gid=name, zorder=2, **style)
    bars.set_in_layout(False)  # they end at the axes: asking each bar for its size takes long and changes nothing
    axes.add_collection(bars, autolim=False)


def _task(span: Span) -> str:
    return span.task or "unnamed task"


def _colours(timeline: Timeline) -> dict[str, str]:
    """A colour for each task in order of creation, which a run that is still going does not change."""
    tasks = dict.fromkeys(_task(span) for span in sorted(timeline, key=lambda s: (s.created, s.index)))
    return {task: TASK_COLOURS[i] if i < len(TASK_COLOURS) else OTHER for i, task in enumerate(tasks)}


def _legend(axes: Axes, timeline: Timeline, raised: float) -> None:
    """Say above the bars what their looks mean, as far as they do not say it themselves."""
    colours, (left, right) = _colours(timeline), extent(timeline)
    noticed = (right - left) / 100
    looks = {c: short(t, 16) for t, c in colours.items()} if len(colours) > 1 else {}
    if (rest := len(colours) - len(TASK_COLOURS)) > 1:
        looks[OTHER] = f"{rest} other tasks"
    entries = [(Patch(fc=colour, ec=INK, lw=0.7), words) for colour, words in looks.items()]
    if any((timeline.now if s.start is None else s.start) - s.created > noticed for s in timeline):
        entries.append((Line2D([], [], color=WAIT, lw=4), "waits to start"))
    if any(span.state in FAILED for span in timeline):
        entries.append((Patch(fc=FAILURE, ec=INK, lw=0.7, hatch="////"), "failed"))
    if any(span.start is not None and span.end is None for span in timeline):
        entries.append((Line2D([], [], marker=">", mfc="white", mec=INK, ms=7, mew=1.3, lw=0), "still running"))
    if entries:
        handles, labels = zip(*entries, strict=True)
        inches = WIDTH - 1 - 0.085 * max(len(short(span.name, 24)) for span in timeline)  # beside the row labels
        columns = int(inches / (0.6 + 0.092 * max(map(len, labels))))
        legend = axes.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(0, 1 + raised), ncols=min(len(entries), columns),
            frameon=False, fontsize=TEXT, labelcolor=INK, borderpad=0.2, borderaxespad=0, handlelength=1.4,
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)


def _curve(axes: Axes, timeline: Timeline) -> None:
    steps = timeline.curve() or [(timeline.origin, 0)]
    steps = [(steps[0][0], 0), *steps]
    moments, running = [moment - timeline.origin for moment, _ in steps], [number for _, number in steps]
    axes.fill_between(moments, running, step="post", color=TASK_COLOURS[0], alpha=0.25, linewidth=0)
    axes.step(moments, running, where="post", color=TASK_COLOURS[0], linewidth=1.8, gid="at once")
    axes.set_ylabel("running\nat once", fontsize=LABEL, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def _marks(axes: Axes, peak: int, limit: int | None, predicted: int | None) -> None:
    """Draw the limit and the predicted peak as lines, each named at its right end, and fit the axis to all three."""
    highest = max(peak, limit or 0, 1)
    beyond = predicted is not None and predicted > 3 * highest  # it would flatten the curve
    top = 1.2 * (highest if beyond else max(highest, predicted or 0))
    axes.set_ylim(0, top)
    marks = []
    if limit is not None:
        axes.axhline(limit, color=INK, linewidth=1.6, linestyle="--", gid="limit")
        marks.append((limit, f"limit {limit}", INK))
    if predicted is not None:
        if not beyond:
            axes.axhline(predicted, color=PREDICTED, linewidth=2, linestyle=":", gid="predicted peak")
        marks.append((top if beyond else predicted, f"you predicted {predicted}{' ↑' if beyond else ''}", PREDICTED))
    marks.sort()
    heights, gap = [mark[0] for mark in marks], 0.19 * top
    if len(marks) == 2 and heights[1] - heights[0] < gap:
        middle = min(max(sum(heights) / 2, gap / 2), top - gap / 2)
        heights = [middle - gap / 2, middle + gap / 2]
    for height, (_, words, colour) in zip(heights, marks, strict=True):
        axes.annotate(
            words, (1, height), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=TEXT, color=colour, annotation_clip=False,
        )  # fmt: skip


def _predicted(upper: Axes, lower: Axes, first: float, predicted: float, left: float, right: float) -> float:
    """Draw the predicted end as a line through both axes, named above; returns how far the time axis must reach."""
    beyond = first + predicted > left + 3 * max(right - left, 0.1)  # it would squeeze the run into a corner
    place = right if beyond else first + predicted
    right = max(right, place)
    if not beyond:
        for axes in (upper, lower):
            axes.axvline(place, color=PREDICTED, linewidth=2, linestyle=":", gid="predicted end", zorder=3)
    upper.annotate(
        f"you predicted {seconds(predicted)}{' →' if beyond else ''}", (place, 1), (0, 3), annotation_clip=False,
        xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
        ha="right" if place > (left + right) / 2 else "left", fontsize=TEXT, color=PREDICTED,
    )  # fmt: skip
    return right


# ----------------------------------------
# Several runs


def comparison(
    runs: dict[str, Timeline], limits: dict[str, int | None] | None = None, title: str | None = None
) -> Picture:
    """Draw several runs under each other over one time axis, each as wide as it took and as tall as it ran at once.

    Args:
        runs: the runs by name, in the order from top to bottom.
        limits: how many task runs may run at once, by the run's name; for those that have a limit.
        title: the finding; by default it is made of the measured numbers.

    Raises:
        ValueError: there are no runs, a limit is of none of them, or is not a positive whole number.
    """
    limits = limits or {}
    if not runs:
        raise ValueError("There is nothing to compare: give comparison() one run or more, by name.")
    if unknown := set(limits) - set(runs):
        raise ValueError(f"There is a limit for {sorted(unknown)[0]!r}, and no run of that name.")
    title = contest(runs) if title is None else title
    packed = {name: _lanes(run) for name, run in runs.items()}
    used = {name: max([1, *(lane + 1 for lane, _ in packed[name])]) for name in runs}
    # A limit far above what ran would leave no room for the bars: the text has it.
    marked = {name: limit for name, limit in limits.items() if limit is not None and limit <= 2 * used[name]}
    lanes = {name: max(used[name], marked.get(name, 0)) for name in runs}
    # A lane is equally thick in all panels, or height would not compare; a panel has room for two lines of text.
    thick = min(0.2, 4.4 / sum(lanes.values()))
    inches = [max(0.5, lanes[name] * thick + 0.1) for name in runs]
    figure = _figure(title, sum(inches) + 0.08 * len(runs) + 1.3)
    panels = figure.subplots(len(runs), 1, sharex=True, squeeze=False, height_ratios=inches)[:, 0]
    longest = max(run.makespan for run in runs.values()) or 1.0
    for axes, (name, run), tall in zip(panels, runs.items(), inches, strict=True):
        _dress(axes)
        _panel(axes, run, packed[name], lanes[name], tall / thick, marked.get(name))
        words = f"{short(name, 26)}\nat most {run.peak} at once" if run.peak else f"{short(name, 26)}\nno task ran"
        axes.set_yticks([lanes[name] / 2], labels=[words], fontsize=LABEL, parse_math=False)
        last = axes is panels[-1]
        axes.tick_params(axis="x", length=4 if last else 0)
        axes.spines["bottom"].set_visible(bool(last))
    panels[-1].set_xlim(-longest * 0.005, longest * 1.12)
    panels[-1].set_xlabel("seconds since each run's first start", fontsize=LABEL, color=INK)
    words = " ".join(f"{clean(name)}: {sentence(run, limits.get(name))}" for name, run in runs.items())
    alt = f"{title}. {words} Each run is drawn as wide as it took and as tall as task runs ran at once."
    _settle(figure)
    return Picture(figure, title, alt, compare_as_text(runs, limits))


def _panel(axes: Axes, run: Timeline, packed: list, lanes: int, height: float, limit: int | None) -> None:
    first = run.spans[0].start if packed else 0.0
    boxes = [(lane + 0.5, s.start - first, run.end_of(s) - first, s.state in FAILED) for lane, s in packed]
    edge = {"linewidths": 0.8 if lanes <= NAMED else 0.2, "edgecolors": "white"}
    good, bad = ([box[:3] for box in boxes if box[3] is failed] for failed in (False, True))
    _boxes(axes, "runs", good, 0.86, facecolors=TASK_COLOURS[0], **edge)
    _boxes(axes, "failed", bad, 0.86, facecolors=FAILURE, hatch="////", **edge)
    if limit is not None:
        axes.axhline(limit, color=INK, linewidth=1.4, linestyle="--", gid="limit")
        axes.annotate(
            f"limit {limit}", (1, limit), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=TEXT, color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.annotate(
        seconds(run.makespan), (run.makespan, lanes / 2), (7, 0), textcoords="offset points", va="center",
        fontsize=TITLE, fontweight="bold", color=INK, annotation_clip=False,
    )  # fmt: skip
    axes.set_ylim((lanes - height) / 2, (lanes + height) / 2)


def _lanes(run: Timeline) -> list[tuple[int, Span]]:
    """Every span with the lowest lane that is free when it starts, so that the tallest stack is the peak."""
    free, running, used, placed = [], [], 0, []
    for span in run:
        if span.start is None:
            continue
        while running and running[0][0] <= span.start:
            heapq.heappush(free, heapq.heappop(running)[1])
        lane = heapq.heappop(free) if free else used
        used = max(used, lane + 1)
        heapq.heappush(running, (run.end_of(span), lane))
        placed.append((lane, span))
    return placed


# ----------------------------------------
# A run that is still going


@dataclass
class Live:
    """A figure in a notebook that is drawn again while its run goes on; call it with the timeline at every news.

    Drawing holds Python's lock and so the flow: a frame is left out when it would come too early, or when drawing would
    take more than a fifth of the time. Any thread may call it; the figure stays in the cell where it was made.
    """

    limit: int | None = None
    frames_per_second: float = 2
    display: Callable[..., Any] | None = None
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._context = contextvars.copy_context()  # where ipykernel 7 keeps which cell an output belongs to
        self._lock, self._handle, self._not_before = threading.Lock(), None, float("-inf")

    def __call__(self, timeline: Timeline) -> None:
        """Draw the run as it stands, unless it is too early for another frame."""
        if self.display is not None and self._lock.acquire(blocking=False):
            try:
                if self.clock() >= self._not_before:
                    self._draw(timeline)
            finally:
                self._lock.release()

    def finish(self, timeline: Timeline) -> None:
        """Draw the run for the last time, at any rate."""
        if self.display is not None:
            with self._lock:
                self._draw(timeline)

    def _draw(self, timeline: Timeline) -> None:
        begun = self.clock()
        drawn = picture(timeline, self.limit)
        if self._handle is None:
            self._handle = self._context.copy().run(self.display, drawn, display_id=True)
        else:
            self._context.copy().run(self._handle.update, drawn)
        ended = self.clock()
        self._not_before = max(begun + 1 / self.frames_per_second, ended + 4 * (ended - begun))


def live(limit: int | None = None, frames_per_second: float = 2) -> Live:
    """A figure that follows a run in a notebook: `show = live(); show(timeline); …; show.finish(timeline)`.

    Outside a notebook it draws nothing.

    Args:
        limit: how many task runs may run at once, if there is a limit.
        frames_per_second: the most that are drawn.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:  # a terminal cannot draw over what it has shown
        return Live(limit, frames_per_second)
    from IPython.display import display

    return Live(limit, frames_per_second, display)


# ----------------------------------------
# Shared


def _figure(title: str, height: float) -> Figure:
    """An empty figure, of this height in inches with a title of one line."""
    # A number stays with the words that belong to it when a long title takes two lines.
    whole = re.sub(r" (?=\d)|(?<=\d) (?=s\b)", "\N{NO-BREAK SPACE}", clean(title))
    lines = textwrap.wrap(whole, 76)
    height += 0.27 * max(0, len(lines) - 1)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained", facecolor="white")
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.06)  # inches
    style = {"fontsize": TITLE, "fontweight": "bold", "color": INK, "linespacing": 1.25, "parse_math": False}
    figure.suptitle("\n".join(lines), x=0.012, ha="left", **style)
    return figure


def _dress(axes: Axes) -> None:
    """Everything that a learner's own matplotlib style could change, said again."""
    axes.set_facecolor("white")
    axes.grid(False)
    axes.tick_params(labelsize=TEXT, colors=INK, labelcolor=INK)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color="#999999")
    axes.xaxis.get_major_formatter().set_useOffset(False)


def _settle(figure: Figure) -> None:
    """Lay the figure out once: every drawing would do it again, from where the last one left it."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
