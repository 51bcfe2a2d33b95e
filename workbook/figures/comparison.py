"""Several runs drawn under each other, over one time axis."""

import heapq
from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from workbook.figures import style
from workbook.figures.style import Picture
from workbook.figures.textual import compare_as_text
from workbook.figures.words import FAILED, clean, contest, seconds, sentence, short
from workbook.timelines.timeline import Timeline

TALLEST = 1.9  # inches of the panel that is tallest
WAITS, AROUND = 0.3, 4.0  # lanes for one task run that waits, and the most for all of them

Stretch = tuple[float, float, bool]  # seconds since the run's first start: from, to; whether it failed


def comparison(
    runs: dict[str, Timeline],
    limits: dict[str, int | None] | None = None,
    title: str | None = None,
    what: str = "task run",
) -> Picture:
    """Draw several runs under each other over one time axis, each as wide as it took and as tall as it ran at once.

    Where a run has a limit, thin pale lines above its bars are the task runs that wait for a slot.

    Args:
        runs: the runs by name, in the order from top to bottom.
        limits: how many task runs may run at once, by the run's name; for those that have a limit.
        title: the finding; by default it is made of the measured numbers.
        what: the word for one bar, where it isn't a task run.

    Raises:
        ValueError: there are no runs, a limit is of none of them, or is not a positive whole number.
    """
    limits = limits or {}
    if not runs:
        raise ValueError("There is nothing to compare: give comparison() one run or more, by name.")
    if unknown := set(limits) - set(runs):
        raise ValueError(f"There is a limit for {sorted(unknown)[0]!r}, and no run of that name.")
    title = contest(runs) if title is None else title
    runs_in = {name: _packed(_ran(run)) for name, run in runs.items()}
    waits_in = {name: _packed(_waited(run)) if limits.get(name) else [] for name, run in runs.items()}
    used = {name: max([1, *(lane + 1 for lane, _ in runs_in[name])]) for name in runs}
    # A limit far above what ran would leave no room for the bars: the text has it.
    marked = {name: limit for name, limit in limits.items() if limit is not None and limit <= 2 * used[name]}
    lanes = {name: max(used[name], marked.get(name, 0)) for name in runs}
    waiting = {name: max([0, *(lane + 1 for lane, _ in waits_in[name])]) for name in runs}
    tall = {name: lanes[name] + min(WAITS * waiting[name], AROUND) for name in runs}
    # A lane is equally thick in all panels, or height would not compare; a panel has room for two lines of text.
    thick = min(0.2, 4.4 / sum(tall.values()), TALLEST / max(tall.values()))
    inches = [max(0.5, tall[name] * thick + 0.1) for name in runs]
    figure = style.new_figure(title, sum(inches) + 0.08 * len(runs) + 1.5)
    panels = figure.subplots(len(runs), 1, sharex=True, squeeze=False, height_ratios=inches)[:, 0]
    longest = max(run.makespan for run in runs.values()) or 1.0
    for axes, (name, run), height in zip(panels, runs.items(), inches, strict=True):
        style.dress(axes)
        _bars(axes, runs_in[name], lanes[name])
        _waits(axes, waits_in[name], lanes[name], tall[name])
        _marks(axes, run, lanes[name], marked.get(name))
        middle, whole = tall[name] / 2, height / thick
        axes.set_ylim(middle - whole / 2, middle + whole / 2)
        words = f"{short(name, 26)}\nat most {run.peak} at once" if run.peak else f"{short(name, 26)}\nno task ran"
        axes.set_yticks([lanes[name] / 2], labels=[words], fontsize=style.LABEL, parse_math=False)
        last = axes is panels[-1]
        axes.tick_params(axis="x", length=4 if last else 0)
        axes.spines["bottom"].set_visible(bool(last))
    failed = any(span.state in FAILED for run in runs.values() for span in run)
    _legend(panels[0], any(waits_in.values()), failed, bool(marked))
    panels[-1].set_xlim(-longest * 0.005, longest * 1.12)
    panels[-1].set_xlabel("seconds since each run's first start", fontsize=style.LABEL, color=style.INK)
    words = " ".join(f"{clean(name)}: {sentence(run, limits.get(name), what)}" for name, run in runs.items())
    alt = f"{title}. {words} Each run's width is how long it took; its height, how many {what}s ran at once."
    style.settle(figure)
    return Picture(figure, title, alt, compare_as_text(runs, limits, what))


def _ran(run: Timeline) -> list[Stretch]:
    first = run.spans[0].start if run.peak else 0.0
    return [(s.start - first, run.end_of(s) - first, s.state in FAILED) for s in run if s.start is not None]


def _waited(run: Timeline) -> list[Stretch]:
    """What can be seen of the waits before a start, from the first start of the run on."""
    first = run.spans[0].start if run.peak else run.origin
    ends = [(span, run.now if span.start is None else span.start) for span in run]
    found = [(max(span.created - first, 0.0), end - first, False) for span, end in ends]
    return sorted(stretch for stretch in found if stretch[1] - stretch[0] > run.makespan / 100)


def _packed(stretches: Iterable[Stretch]) -> list[tuple[int, Stretch]]:
    """Every stretch with the lowest lane that is free when it begins, so that the tallest stack is the peak."""
    free, busy, used, placed = [], [], 0, []
    for stretch in stretches:
        while busy and busy[0][0] <= stretch[0]:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else used
        used = max(used, lane + 1)
        heapq.heappush(busy, (stretch[1], lane))
        placed.append((lane, stretch))
    return placed


def _bars(axes: Axes, packed: list[tuple[int, Stretch]], lanes: int) -> None:
    edge = {"linewidths": 0.8 if lanes <= style.NAMED else 0.2, "edgecolors": "white"}
    good, bad = ([(lane + 0.5, *s[:2]) for lane, s in packed if s[2] is failed] for failed in (False, True))
    style.boxes(axes, "runs", good, 0.86, facecolors=style.TASK_COLOURS[0], **edge)
    style.boxes(axes, "failed", bad, 0.86, facecolors=style.FAILURE, hatch="////", **edge)


def _waits(axes: Axes, packed: list[tuple[int, Stretch]], lanes: int, top: float) -> None:
    if packed:
        thin = (top - lanes) / max(lane + 1 for lane, _ in packed)
        placed = [(lanes + thin * (lane + 0.6), *s[:2]) for lane, s in packed]
        style.boxes(axes, "waits", placed, 0.6 * thin, facecolors=style.WAIT, linewidths=0)


def _marks(axes: Axes, run: Timeline, lanes: int, limit: int | None) -> None:
    if limit is not None:
        axes.axhline(limit, color=style.INK, linewidth=1.4, linestyle="--", gid="limit")
        axes.annotate(
            f"limit {limit}", (1, limit), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=style.TEXT, color=style.INK, annotation_clip=False,
        )  # fmt: skip
    axes.annotate(
        seconds(run.makespan), (run.makespan, lanes / 2), (7, 0), textcoords="offset points", va="center",
        fontsize=style.TITLE, fontweight="bold", color=style.INK, annotation_clip=False,
    )  # fmt: skip


def _legend(axes: Axes, waits: bool, failed: bool, limit: bool) -> None:
    """Say above the panels what their looks mean, unless there is only one."""
    looks = [
        (True, Patch(fc=style.TASK_COLOURS[0]), "runs"),
        (waits, Line2D([], [], color=style.WAIT, lw=3), "waits to start"),
        (failed, Patch(fc=style.FAILURE, ec="white", hatch="////"), "failed"),
        (limit, Line2D([], [], color=style.INK, lw=1.4, ls="--"), "the limit"),
    ]
    shown = [(handle, label) for there, handle, label in looks if there]
    if len(shown) > 1:
        handles, labels = zip(*shown, strict=True)
        axes.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(shown), frameon=False,
            fontsize=style.TEXT, labelcolor=style.INK, borderpad=0.2, borderaxespad=0, handlelength=1.4,
        )  # fmt: skip
