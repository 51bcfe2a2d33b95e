"""A race that has been run: its table, its figure, and what there is to say of each lane."""

import html
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from workbook.figures import textual, words
from workbook.figures.prose import paragraphs
from workbook.paths import shown
from workbook.races.board import COLUMNS, RUNS
from workbook.races.lanes import Lane
from workbook.timelines.timeline import Timeline

if TYPE_CHECKING:
    from workbook.figures.style import Picture

# The columns that a narrow terminal has no room for.
BARRIERS, SKYLINE = "idle at barriers", "how many ran at once, over time"
GAP = 3  # columns of the screen between two of the table


@dataclass(frozen=True, eq=False)
class Race:
    """A race that has been run: `print` gives it as text, a notebook shows its figure and table.

    `same_rows` says whether every lane that completed returned the same rows in the same order.
    """

    lanes: tuple[Lane, ...]
    queries: int
    limit: int
    seconds: float | None
    same_rows: bool

    @property
    def timelines(self) -> dict[str, Timeline]:
        return {lane.name: lane.timeline for lane in self.lanes}

    @property
    def errors(self) -> list[str]:
        """What went wrong in which lane, in sentences; empty if all went well."""
        failed = [f"The {lane.name} lane didn't complete: {lane.error}." for lane in self.lanes if lane.error]
        return failed if self.same_rows else [*failed, "The lanes returned different rows."]

    @cached_property
    def picture(self) -> "Picture":
        """The lanes under each other over one time axis."""
        from workbook.figures.comparison import comparison

        limits = {lane.name: lane.limit for lane in self.lanes if lane.limit is not None}
        return comparison(self.timelines, limits, self.finding)

    @property
    def finding(self) -> str:
        """What the race shows, in a sentence: the limit beside no parallelism at all, and beside its ideal."""
        lanes = {lane.name: lane for lane in self.lanes}
        if self.errors or not {"sequential", "limited"} <= set(lanes):
            return self.errors[0].rstrip(".") if self.errors else words.contest(self.timelines)
        limited, sequential = lanes["limited"], lanes["sequential"].timeline.makespan
        took = limited.timeline.makespan
        gain = f"{sequential / took:.1f} times as fast as" if sequential > 1.05 * took else "no faster than"
        return (
            f"{_number(self.limit)} at a time took {words.seconds(took)}: {gain} one after another "
            f"({words.seconds(sequential)}), and {words.seconds(max(took - limited.ideal, 0.0))} over its ideal"
        )

    @property
    def text(self) -> str:
        """The table and the diagnosis of each lane, 100 columns wide."""
        return as_text(self)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        columns, cell = _columns(self), '<td style="text-align:right">'
        head = "".join(f'<th style="text-align:right">{heading}</th>' for heading in columns)
        rows = zip(*columns.values(), strict=True)
        table = "".join(f"<tr>{''.join(f'{cell}{html.escape(word)}</td>' for word in row)}</tr>" for row in rows)
        said = paragraphs("\n".join(f"{lane.name}: {lane.diagnosis}" for lane in self.lanes))
        shown = f"<table><thead><tr>{head}</tr></thead><tbody>{table}</tbody></table>{said}"
        return {"text/html": self.picture._repr_mimebundle_()["text/html"] + shown, "text/plain": self.text}

    def to_json(self) -> str:
        """The whole race as JSON text, every task run included."""
        head = {name: getattr(self, name) for name in ("queries", "limit", "seconds", "same_rows")}
        return json.dumps({**head, "lanes": [lane.to_record() for lane in self.lanes]}, allow_nan=False)


def _number(count: int) -> str:
    names = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"]
    return names[count - 1] if count <= len(names) else str(count)


# ----------------------------------------
# When it is over


def report(race: Race, width: int = COLUMNS) -> Group:
    """The table of a race, and the diagnosis of each lane, for so many columns of a screen."""
    asked = "each as long as it takes" if race.seconds is None else f"{words.seconds(race.seconds)} each"
    title = f"The same {race.queries} queries, {asked}; limit and batches of {race.limit}"
    said = [Text.assemble((f"{lane.name}: ", "bold"), lane.diagnosis) for lane in race.lanes]
    completed = sum(lane.error is None for lane in race.lanes)
    if completed > 1:
        same = "returned the same rows" if race.same_rows else "didn't return the same rows"
        said.append(Text(f"The {completed} lanes that completed {same}. All figures are from Prefect's records."))
    return Group(Text(title, style="bold"), _table(race, width), Text(), *said)


def _table(race: Race, width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1), pad_edge=False)
    columns = _columns(race)
    for needed_least in (SKYLINE, BARRIERS, "ratio", "ideal", "peak"):
        if sum(max(map(len, (heading, *cells))) + GAP for heading, cells in columns.items()) - GAP <= width:
            break
        del columns[needed_least]
    for heading in columns:
        looks = {"pattern": {"style": "bold"}, SKYLINE: {"style": RUNS}}.get(heading, {"justify": "right"})
        table.add_column(heading, no_wrap=True, **looks)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*row)
    return table


def _columns(race: Race) -> dict[str, list[str]]:
    """What the table says of each lane, by its heading, from left to right."""
    longest = max(lane.timeline.makespan for lane in race.lanes) or 1.0
    highest = max(lane.timeline.peak for lane in race.lanes) or 1
    return {
        "pattern": [lane.name for lane in race.lanes],
        "seconds": [f"{lane.timeline.makespan:.2f}" for lane in race.lanes],
        "ideal": [f"{lane.ideal:.2f}" for lane in race.lanes],
        "ratio": [f"{lane.ratio:.2f}" if math.isfinite(lane.ratio) else "-" for lane in race.lanes],
        "peak": [str(lane.timeline.peak) for lane in race.lanes],
        BARRIERS: [f"{lane.idle:.2f} slot-s" if lane.idle else "-" for lane in race.lanes],
        SKYLINE: [textual.skyline(lane.timeline, longest, highest, len(SKYLINE)) for lane in race.lanes],
    }


def as_text(race: Race) -> str:
    """The report without colours, 100 columns wide."""
    console = Console(width=COLUMNS, color_system=None, force_terminal=False, force_jupyter=False)
    with console.capture() as captured:
        console.print(report(race), highlight=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def print_report(race: Race, figure: Path) -> None:
    """Print the report to standard output, and where its figure is."""
    console = Console()
    if console.is_terminal:
        console.print(report(race, console.width), highlight=False)
    else:
        print(as_text(race))
    print(f"Figure: {shown(figure)}")
