"""One run drawn: a bar for every task run, how many ran at once, and the line of the limit."""

from itertools import pairwise
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from workbook.figures import style
from workbook.figures.style import Picture
from workbook.figures.textual import as_text
from workbook.figures.words import CUT_OFF, extent, headline, label, rows_of, seconds, sentence, short
from workbook.timelines.timeline import Span, Timeline

Colour = Literal["task", "flow"]


def picture(
    timeline: Timeline,
    limit: int | None = None,
    title: str | None = None,
    prediction: tuple[float | None, int | None] | None = None,
    colour: Colour = "task",
) -> Picture:
    """Draw one run: a bar for each task run in order of start, its wait before it, and how many ran at once.

    Flow runs that it called have a bar each, too, which is hollow.

    Args:
        timeline: the run, ended or still going.
        limit: how many task runs may run at once, if there is a limit.
        title: the finding; by default it is made of the measured numbers.
        prediction: what the learner expected, as seconds from the first start to the last end and the most at once.
        colour: whether task runs are coloured by their task or by their flow run.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    title = headline(timeline, limit) if title is None else title
    predicted, most = prediction or (None, None)
    rows, groups = len(rows_of(timeline)), _colours(timeline, colour)
    bars = min(max(0.19 * rows, 2.0), 0.19 * style.NAMED) if rows <= style.NAMED else style.MANY  # inches
    figure = style.new_figure(title, bars + (2.4 if len(groups) < 4 else 2.8))  # a legend of more lines
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[bars, 1.15])
    left, right = (moment - timeline.origin for moment in extent(timeline))
    style.dress(upper)
    style.dress(lower)
    _gantt(upper, timeline, colour)
    style.curve(lower, timeline)
    style.marks(lower, timeline.peak, limit, most)
    if predicted is not None:
        right = _predicted(upper, lower, predicted, left, right)
    _legend(upper, timeline, colour, 0.0 if predicted is None else 0.24 / bars)
    margin = (right - left) * 0.015
    lower.set_xlim(left - margin, right + margin or left + 1.0)
    since = "the first task run started" if timeline.peak else "the beginning"
    lower.set_xlabel(f"seconds since {since}", fontsize=style.LABEL, color=style.INK)
    style.settle(figure)
    return Picture(figure, title, _alt(timeline, limit, predicted, most), as_text(timeline, limit))


def _alt(timeline: Timeline, limit: int | None, predicted: float | None, most: int | None) -> str:
    guess = ([] if predicted is None else [seconds(predicted)]) + ([] if most is None else [f"at most {most} at once"])
    words = [sentence(timeline, limit), *([f"Predicted: {', '.join(guess)}."] if guess else [])]
    words.append("A bar for each task run in order of start, its wait pale; below, how many ran at once over time.")
    if any(span.queries for span in timeline):
        words.append("The dark line in a bar is a query.")
    return " ".join(words)


def _gantt(axes: Axes, timeline: Timeline, colour: Colour) -> None:
    spans, origin, colours = rows_of(timeline), timeline.origin, _colours(timeline, colour)
    rows, called = len(spans), set(timeline.around.children)
    many = rows > style.NAMED
    kinds = ("waits", "flows", "runs", "failed", "failed flows", "cut off", "cut off flows", "delays")
    drawn: dict[str, list] = {kind: [] for kind in kinds}
    faces, edges = [], []
    left, right = extent(timeline)
    for row, span in enumerate(spans, start=1):
        waited = timeline.now if span.start is None else span.start
        if waited > span.created:
            drawn["waits"].append((row, span.created - origin, waited - origin))
        if span.start is None:
            continue
        kind = _kind(span, span in called)
        moments = [span.start, *(moment for delay in span.delays for moment in delay), timeline.end_of(span)]
        pieces = [(row, begun - origin, over - origin) for begun, over in pairwise(moments)]
        *failed, last = pieces[::2]
        drawn["failed"] += failed
        drawn[kind].append(last)
        drawn["delays"] += pieces[1::2]
        if kind == "runs":
            faces.append(colours[_group(span, timeline, colour)])
            # The edge of a bar of a few pixels would cover its colour.
            edges.append(style.INK if last[2] - last[1] > (right - left) / 200 else faces[-1])
    # A wait is thinner as well as paler, so that it differs from a run on the worst projector too. Where there are many
    # rows a bar is at least a pixel and lies between pixels, or it fades and stripes appear that stand for nothing.
    tall, thin = (max(0.9, 1.2 * rows / (style.MANY * style.DPI)), 1.5) if many else (0.74, 0.3)
    edge = {"linewidths": 0, "snap": False} if many else {"linewidths": 0.7, "edgecolors": style.INK}
    style.boxes(axes, "waits", drawn["waits"], thin, facecolors=style.WAIT, linewidths=0, antialiaseds=not many)
    style.boxes(axes, "flows", drawn["flows"], tall / 2, facecolors="white", linewidths=1.5, edgecolors=style.INK)
    style.boxes(axes, "runs", drawn["runs"], tall, facecolors=faces, **edge | ({} if many else {"edgecolors": edges}))
    for kind, fill, hatch in (("failed", style.FAILURE, "////"), ("cut off", style.OTHER, "xxxx")):
        hollow = {"facecolors": "white", "linewidths": 1.5, "edgecolors": fill}
        style.boxes(axes, kind, drawn[kind], tall, facecolors=fill, hatch=hatch, **edge)
        style.boxes(axes, f"{kind} flows", drawn[f"{kind} flows"], tall / 2, hatch=hatch, **hollow)
    style.boxes(axes, "delays", drawn["delays"], thin, facecolors="white", hatch="....", **edge)
    queries = [(row, begun - origin, over - origin) for row, s in enumerate(spans, 1) for begun, over in s.queries]
    style.boxes(axes, "queries", queries, tall / 4, facecolors=style.INK, linewidths=0)
    going = [(row, timeline.now - origin) for row, s in enumerate(spans, 1) if s.start is not None and s.end is None]
    cached = [(row, timeline.end_of(span) - origin) for row, span in enumerate(spans, 1) if span.cached]
    failures = [(row, end) for row, _, end in drawn["failed"] + drawn["failed flows"]]
    marks = {"x": failures, ">": going} | ({"D": cached} if cached else {})
    for marker, ends in marks.items():
        axes.plot(
            [end for _, end in ends], [row for row, _ in ends], marker, ms=4 if many else 7, mew=1.3,
            mfc="white", mec=style.INK, clip_on=False, zorder=4, in_layout=False,
        )  # fmt: skip
    axes.set_ylim(rows + 0.7, 0.3)
    axes.tick_params(axis="y", length=4 if many else 0)
    if many:
        between = (int(tick) for tick in MaxNLocator(5).tick_values(1, rows) if 0.06 * rows < tick < 0.94 * rows)
        axes.set_yticks([1, *between, rows])
        axes.set_ylabel("task runs in order of start", fontsize=style.LABEL, color=style.INK)
    else:
        axes.set_yticks(range(1, rows + 1), labels=[short(label(timeline, s), 24) for s in spans], parse_math=False)


def _kind(span: Span, called: bool) -> str:
    """Which look the bar of a span that started has."""
    if span.state in CUT_OFF or span.state == "FAILED":
        return ("cut off" if span.state in CUT_OFF else "failed") + (" flows" if called else "")
    return "flows" if called else "runs"


def _group(span: Span, timeline: Timeline, colour: Colour) -> str:
    if colour == "flow":
        return timeline.around.flows.get(span.flow) or "unnamed flow run"
    return span.task or "unnamed task"


def _colours(timeline: Timeline, colour: Colour) -> dict[str, str]:
    """A colour for each group in order of creation, which a run that is still going does not change."""
    created = sorted(timeline, key=lambda s: (s.created, s.index))
    groups = dict.fromkeys(_group(span, timeline, colour) for span in created)
    return {
        group: style.TASK_COLOURS[i] if i < len(style.TASK_COLOURS) else style.OTHER for i, group in enumerate(groups)
    }


def _legend(axes: Axes, timeline: Timeline, colour: Colour, raised: float) -> None:
    """Say above the bars what their looks mean, as far as they do not say it themselves."""
    colours, (left, right) = _colours(timeline, colour), extent(timeline)
    spans, noticed = rows_of(timeline), (right - left) / 100
    seen = {_group(s, timeline, colour) for s in timeline if s.start is not None and _kind(s, called=False) == "runs"}
    looks = {c: short(group, 16) for group, c in colours.items() if group in seen} if len(colours) > 1 else {}
    if (rest := len(colours) - len(style.TASK_COLOURS)) > 1:
        looks[style.OTHER] = f"{rest} other {colour}s"
    boxed = {"ec": style.INK, "lw": 0.7}
    entries = [(Patch(fc=fill, **boxed), words) for fill, words in looks.items()]
    if timeline.around.children:
        entries.append((Patch(fc="white", ec=style.INK, lw=1.5), "a flow run"))
    if any(span.queries for span in spans):
        entries.append((Line2D([], [], color=style.INK, lw=2), "a query"))
    if any((timeline.now if s.start is None else s.start) - s.created > noticed for s in spans):
        entries.append((Line2D([], [], color=style.WAIT, lw=4), "waits to start"))
    if any(over > begun for span in spans for begun, over in span.delays):
        entries.append((Patch(fc="white", hatch="....", **boxed), "waits to be tried again"))
    if any(span.state == "FAILED" or span.delays for span in spans):
        entries.append((Patch(fc=style.FAILURE, hatch="////", **boxed), "failed"))
    if any(span.state in CUT_OFF for span in spans):
        entries.append((Patch(fc=style.OTHER, hatch="xxxx", **boxed), "crashed or cancelled"))
    if any(span.cached for span in spans):
        entries.append((Line2D([], [], marker="D", mfc="white", mec=style.INK, ms=7, mew=1.3, lw=0), "cached"))
    if any(span.start is not None and span.end is None for span in spans):
        entries.append((Line2D([], [], marker=">", mfc="white", mec=style.INK, ms=7, mew=1.3, lw=0), "still running"))
    if entries:
        handles, labels = zip(*entries, strict=True)
        inches = (
            style.WIDTH - 1 - 0.085 * max(len(short(label(timeline, span), 24)) for span in spans)
        )  # beside the row labels
        columns = int(inches / (0.6 + 0.092 * max(map(len, labels))))
        legend = axes.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(0, 1 + raised), ncols=min(len(entries), columns),
            frameon=False, fontsize=style.TEXT, labelcolor=style.INK, borderpad=0.2, borderaxespad=0, handlelength=1.4,
        )  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)


def _predicted(upper: Axes, lower: Axes, predicted: float, left: float, right: float) -> float:
    """Draw the predicted end as a line through both axes, named above; returns how far the time axis must reach."""
    beyond = predicted > left + 3 * max(right - left, 0.1)  # it would squeeze the run into a corner
    place = right if beyond else predicted
    right = max(right, place)
    if not beyond:
        for axes in (upper, lower):
            axes.axvline(place, color=style.PREDICTED, linewidth=2, linestyle=":", gid="predicted end", zorder=3)
    upper.annotate(
        f"you predicted {seconds(predicted)}{' →' if beyond else ''}", (place, 1), (0, 3), annotation_clip=False,
        xycoords=("data", "axes fraction"), textcoords="offset points", va="bottom",
        ha="right" if place > (left + right) / 2 else "left", fontsize=style.TEXT, color=style.PREDICTED,
    )  # fmt: skip
    return right
