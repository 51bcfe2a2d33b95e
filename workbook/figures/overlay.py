"""A run drawn over the ideal schedule of the same work: what a plan promises, and what happened."""

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workbook.figures import style
from workbook.figures.style import Picture
from workbook.figures.textual import as_text
from workbook.figures.words import seconds
from workbook.timelines.timeline import Timeline


def overlay(plan: Timeline, run: Timeline | None = None, limit: int | None = None) -> Picture:
    """Draw the ideal schedule as outlines and, if there is one, a run of the same tasks over it.

    Args:
        plan: the ideal schedule, from second 0.
        run: the run, ended or still going; its task runs have the names of the plan's.
        limit: how many may run at once, if there is a limit.
    """
    title = f"Ideal: {seconds(plan.makespan)}, {plan.peak} at once"
    if run is not None and run.peak:
        title = f"{'So far' if run.end is None else 'Measured'}: {seconds(run.makespan)}, {run.peak} at once. {title}"
    rows = {span.name: row for row, span in enumerate(plan.spans, start=1)}
    bars = max(0.19 * len(rows), 2.0)  # inches
    figure = style.new_figure(title, bars + 2.4)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[bars, 1.15])
    style.dress(upper)
    style.dress(lower)
    if run is not None:
        placed = [
            (rows[span.name], span.start - run.origin, run.end_of(span) - run.origin)
            for span in run
            if span.start is not None and span.name in rows
        ]
        style.boxes(upper, "runs", placed, 0.74, facecolors=style.TASK_COLOURS[0], alpha=0.55, linewidths=0)
        style.curve(lower, run)
    outlines = [(rows[span.name], span.start, span.end) for span in plan]
    style.boxes(upper, "plan", outlines, 0.74, facecolors="none", edgecolors=style.INK, linewidths=1.2)
    moments = [0.0, *(moment for moment, _ in plan.curve())]
    lower.step(moments, [0, *(number for _, number in plan.curve())], where="post", color=style.INK, linewidth=1.2)
    style.marks(lower, max(plan.peak, run.peak if run is not None else 0), limit, None)
    lower.set_ylabel("running\nat once", fontsize=style.LABEL, color=style.INK)
    lower.set_xlabel("seconds since the first task run started", fontsize=style.LABEL, color=style.INK)
    right = max(plan.makespan, run.makespan if run is not None else 0.0)
    lower.set_xlim(-0.015 * right, 1.015 * right)
    upper.set_ylim(len(rows) + 0.7, 0.3)
    upper.set_yticks(list(rows.values()), labels=list(rows), parse_math=False)
    upper.tick_params(axis="y", length=0)
    looks = [(Patch(fc="none", ec=style.INK, lw=1.2), "ideal schedule")]
    if run is not None:
        looks.append((Line2D([], [], color=style.TASK_COLOURS[0], lw=7, alpha=0.55), "measured"))
    handles, labels = zip(*looks, strict=True)
    upper.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, fontsize=style.TEXT,
        labelcolor=style.INK, borderpad=0.2, borderaxespad=0, handlelength=1.4,
    )  # fmt: skip
    style.settle(figure)
    alt = f"{title}. A row for each task run: its place in the ideal schedule as an outline, its measured run filled."
    return Picture(figure, title, alt, as_text(plan if run is None else run, limit))
