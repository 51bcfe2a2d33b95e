"""Counts by row and by kind, as stacked bars: how a class did in each exercise."""

from matplotlib.ticker import MaxNLocator

from workbook.figures import style
from workbook.figures.style import Picture
from workbook.figures.words import short

LOOKS = (("#009E73", ""), (style.FAILURE, "////"), ("#DDDDDD", ""), ("white", "xxxx"))  # of the kinds, in order


def tally(rows: dict[str, dict[str, int]], title: str, unit: str) -> Picture:
    """Draw a bar for each row, with a piece for each kind.

    Args:
        rows: by the row's name, how many of each kind; the same kinds, four at most, in the same order in every row.
        title: the finding.
        unit: what is counted, as "learners".

    Raises:
        ValueError: there are no rows.
    """
    if not rows:
        raise ValueError("There is nothing to draw: give tally() one row or more.")
    kinds = list(next(iter(rows.values())))
    figure = style.new_figure(title, 0.27 * len(rows) + 1.6)
    axes = figure.subplots()
    style.dress(axes)
    places, left = range(len(rows)), [0] * len(rows)
    for kind, (colour, hatch) in zip(kinds, LOOKS, strict=False):
        counts = [row[kind] for row in rows.values()]
        bars = axes.barh(places, counts, 0.8, left, color=colour, hatch=hatch, edgecolor="white", label=kind)
        if colour == "white":
            for bar in bars:
                bar.set_edgecolor(style.OTHER)
        left = [before + count for before, count in zip(left, counts, strict=True)]
    axes.set_yticks(places, labels=[short(name, 44) for name in rows], parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, max(left) or 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(unit, fontsize=style.LABEL, color=style.INK)
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(kinds), frameon=False, fontsize=style.TEXT,
        labelcolor=style.INK, borderpad=0.2, borderaxespad=0, handlelength=1.4,
    )  # fmt: skip
    style.settle(figure)
    words = [f"{name}: {', '.join(f'{count} {kind}' for kind, count in row.items())}" for name, row in rows.items()]
    return Picture(figure, title, f"{title}. A bar for each row: {'; '.join(words)}.", "\n".join([title, *words]))
