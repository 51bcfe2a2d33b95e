"""The figures of docs/benchmarks.md, drawn from the raw results alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from benchmarks import measures
from workbook.figures import style

Data = dict[str, Any]
MARKERS = "os^Dv"
CAP = 3


def limit_cost(data: Data, file: Path) -> None:
    """How long must a task be for a tag limit to cost less than a tenth?"""
    limits = measures.limits(data["patterns"])
    told = CAP if CAP in limits else limits[0]
    needed = measures.cheap_in_words(measures.points(measures.curve(data["patterns"], told)))
    figure = style.new_figure(f"For a tag limit of {told} to cost less than 10 %, a task must take {needed}", 5.2)
    axes = _axes(figure)
    for number, limit in enumerate(limits):
        cases = measures.curve(data["patterns"], limit)
        colour, marker = style.TASK_COLOURS[number % 6], MARKERS[number % 5]
        seconds = [case["seconds"] for case in cases]
        percent = [[_percent(ratio) for ratio in measures.of(case, "ratio")] for case in cases]
        middles = [_percent(measures.middle(case)) for case in cases]
        axes.plot(seconds, middles, color=colour, marker=marker, linewidth=2, label=f"limit {limit}")
        axes.vlines(seconds, [min(p) for p in percent], [max(p) for p in percent], color=colour, linewidth=1.2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.axhline(_percent(measures.COST), color=style.INK, linestyle="--", linewidth=1.4)
    axes.annotate(
        "10 %", (1, _percent(measures.COST)), (6, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="center", fontsize=style.TEXT, color=style.INK, annotation_clip=False,
    )  # fmt: skip
    ticks = sorted({case["seconds"] for case in data["patterns"] if case["pattern"] == "tag_limit"})
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds that each task takes", fontsize=style.LABEL, color=style.INK)
    axes.set_ylabel("% above the ideal", fontsize=style.LABEL, color=style.INK)
    axes.legend(frameon=False, fontsize=style.TEXT)
    _save(figure, file)


def _percent(ratio: float) -> float:
    """By how many percent it is above the ideal; at least a half, as the axis has no zero."""
    return max(100 * (ratio - 1), 0.5)


def alternatives(data: Data, file: Path) -> None:
    """The same queries by each alternative: how far from the ideal."""
    cases = sorted(data["alternatives"], key=measures.middle, reverse=True)
    figure = style.new_figure(
        "Twenty queries, three at a time; blue bars hold the cap over two processes", 1.4 + 0.42 * len(cases)
    )
    axes = _axes(figure)
    for row, case in enumerate(cases):
        ratio, ratios = measures.middle(case), measures.of(case, "ratio")
        said = measures.holds(case, CAP)
        held = said.startswith("yes")
        label = f"{ratio:.2f}, {'held' if held else 'not held' if said.startswith('no:') else said.partition(':')[0]}"
        axes.barh(row, ratio, height=0.6, color=style.TASK_COLOURS[0] if held else style.OTHER)
        axes.hlines(row, min(ratios), max(ratios), color=style.INK, linewidth=1.6)
        place = {"xytext": (6, 0), "textcoords": "offset points", "va": "center"}
        axes.annotate(label, (max(ratios), row), fontsize=style.TEXT, color=style.INK, **place)
    axes.axvline(1, color=style.INK, linestyle="--", linewidth=1.4)
    axes.set_yticks(range(len(cases)), [case["name"].replace("`", "") for case in cases])
    axes.set_xlim(0, 1.2 * max(max(measures.of(case, "ratio")) for case in cases))
    axes.set_xlabel("makespan ÷ ideal (dashed: no schedule can be better)", fontsize=style.LABEL, color=style.INK)
    _save(figure, file)


def handover(data: Data, file: Path) -> None:
    """How long a slot stands empty, for each slot wait."""
    figure = style.new_figure("How long a slot stands empty between two tasks", 4.6)
    axes = _axes(figure)
    for number, case in enumerate(data["handover"]):
        gaps = measures.gaps(case)
        shares = [100 * (place + 1) / len(gaps) for place in range(len(gaps))]
        dashes = ("-", "--", ":")[number % 3]
        label = f"slot wait {case['wait']} s"
        axes.step(
            gaps, shares, where="post", linewidth=2.2, linestyle=dashes, color=style.TASK_COLOURS[number], label=label
        )
    axes.axhline(50, color=style.WAIT, linewidth=1)
    axes.set_ylim(0, 102)
    axes.set_xlim(left=0)
    axes.set_xlabel("gap in seconds from the end of a task to the next start", fontsize=style.LABEL, color=style.INK)
    axes.set_ylabel("% of gaps that are no longer", fontsize=style.LABEL, color=style.INK)
    axes.legend(frameon=False, fontsize=style.TEXT, loc="lower right")
    _save(figure, file)


def _axes(figure: Figure) -> Axes:
    axes = figure.subplots()
    style.dress(axes)
    return axes


def _save(figure: Figure, file: Path) -> None:
    style.settle(figure)
    figure.savefig(file, dpi=style.DPI, metadata={"Software": None})


FIGURES: dict[str, Callable[[Data, Path], None]] = {
    "patterns": limit_cost,
    "alternatives": alternatives,
    "handover": handover,
}
