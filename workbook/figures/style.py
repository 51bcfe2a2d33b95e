"""What all figures share: colours, sizes, and the picture that a notebook shows.

Colours are told apart by the colour-blind (Okabe and Ito's palette) and never carry a meaning alone; every figure has
an alt text and a twin in characters. pyplot is left out: it keeps every figure and chooses a window system, and figures
here are drawn in threads, beside a running flow.
"""

import base64
import contextlib
import html
import io
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from workbook.figures.words import clean
from workbook.timelines.timeline import Timeline

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
        with _any_glyph():
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
        # Only as HTML does the alt text reach the reader in every place that shows a notebook; and only so can the page
        # turn light into dark where it is dark, in JupyterLab and in VS Code, with one image for both.
        image = base64.b64encode(self.png()).decode()
        shown = (
            "<style>:is([data-jp-theme-light='false'], .vscode-dark) .workbook-figure img "
            "{filter: invert(.93) hue-rotate(180deg)}</style>"
            f'<figure class="workbook-figure" style="margin:0"><img alt="{html.escape(self.alt)}" '
            f'style="max-width:100%;height:auto" src="data:image/png;base64,{image}"></figure>'
        )
        return {"text/html": shown, "text/plain": self.text}


def boxes(axes: Axes, name: str, placed: Iterable[tuple[int, float, float]], height: float, **style: Any) -> None:
    """Add bars given as (row, left, right) in one piece: two thousand of their own would take seconds to draw."""
    half = height / 2
    corners = [[(a, y - half), (b, y - half), (b, y + half), (a, y + half)] for y, a, b in placed]
    bars = PolyCollection(corners, label=f"_{name}", gid=name, zorder=2, **style)
    bars.set_in_layout(False)  # they end at the axes: asking each bar for its size takes long and changes nothing
    axes.add_collection(bars, autolim=False)


def curve(axes: Axes, timeline: Timeline) -> None:
    steps = timeline.curve() or [(timeline.origin, 0)]
    steps = [(steps[0][0], 0), *steps]
    moments, running = [moment - timeline.origin for moment, _ in steps], [number for _, number in steps]
    axes.fill_between(moments, running, step="post", color=TASK_COLOURS[0], alpha=0.25, linewidth=0)
    axes.step(moments, running, where="post", color=TASK_COLOURS[0], linewidth=1.8, gid="at once")
    axes.set_ylabel("running\nat once", fontsize=LABEL, color=INK)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def marks(axes: Axes, peak: int, limit: int | None, predicted: int | None) -> None:
    """Draw the limit and the predicted peak as lines, each named at its right end, and fit the axis to all three."""
    highest = max(peak, limit or 0, 1)
    beyond = predicted is not None and predicted > 3 * highest  # it would flatten the curve
    top = 1.2 * (highest if beyond else max(highest, predicted or 0))
    axes.set_ylim(0, top)
    values = []
    if limit is not None:
        axes.axhline(limit, color=INK, linewidth=1.6, linestyle="--", gid="limit")
        values.append((limit, f"limit {limit}", INK))
    if predicted is not None:
        if not beyond:
            axes.axhline(predicted, color=PREDICTED, linewidth=2, linestyle=":", gid="predicted peak")
        values.append((top if beyond else predicted, f"you predicted {predicted}{' ↑' if beyond else ''}", PREDICTED))
    values.sort()
    heights, gap = [value[0] for value in values], 0.19 * top
    if len(values) == 2 and heights[1] - heights[0] < gap:
        middle = min(max(sum(heights) / 2, gap / 2), top - gap / 2)
        heights = [middle - gap / 2, middle + gap / 2]
    for height, (_, words, colour) in zip(heights, values, strict=True):
        axes.annotate(
            words, (1, height), (6, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=TEXT, color=colour, annotation_clip=False,
        )  # fmt: skip


# ----------------------------------------
# Shared


def new_figure(title: str, height: float) -> Figure:
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


def dress(axes: Axes) -> None:
    """Everything that a learner's own matplotlib style could change, said again."""
    axes.set_facecolor("white")
    axes.grid(False)
    axes.tick_params(labelsize=TEXT, colors=INK, labelcolor=INK)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), color="#999999")
    axes.xaxis.get_major_formatter().set_useOffset(False)


def settle(figure: Figure) -> None:
    """Lay the figure out once: every drawing would do it again, from where the last one left it."""
    with _any_glyph():
        figure.get_layout_engine().execute(figure)
    figure.set_layout_engine("none")


@contextlib.contextmanager
def _any_glyph() -> Iterator[None]:
    """Without a warning for each sign that the font doesn't have, as an emoji in a name: a box is drawn for it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield
