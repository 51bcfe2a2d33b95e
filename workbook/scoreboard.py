"""The race on the screen: bars that grow while a lane runs, then the table and what there is to say of each lane.

It is made for a projector of 100 columns and 30 rows. Where standard output is no terminal, each lane is a line of text
when it begins and one when it has ended.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.cells import set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from workbook import textplot
from workbook.outputs import shown
from workbook.timeline import Span, Timeline

if TYPE_CHECKING:
    from workbook.race import Lane, Race

COLUMNS = 100
HEAD = 10  # rows of the screen for what is not a query's bar: title, up to five lanes, blank lines, legend, cursor
NAMES = 13  # columns for a lane's or a query's name
RUNS, WAITS, GOES, BAD = "cyan", "bright_black", "bold yellow", "bold red"


class Lines:
    """Shows a race as lines of text."""

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, words: str) -> None:
        print(words, flush=True)

    def begin(self, name: str, queries: int) -> None:
        self.say(f"{name} …")

    def news(self, timeline: Timeline) -> None:
        """Nothing: a line for every look would be no news."""

    def end(self, lane: "Lane") -> None:
        self.say(f"{lane.name}: {textplot.headline(lane.timeline, lane.limit)}")


class Board(Lines):
    """Shows a race in a terminal: the lanes so far over one time axis, and a bar for each query of the one that runs.

    Args:
        names: the lanes, in the order in which they run.
        console: the terminal.
    """

    def __init__(self, names: list[str], console: Console) -> None:
        self._names, self._console = names, console
        self._ended: dict[str, Timeline] = {}
        self._name, self._queries, self._timeline = "", 0, Timeline()
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> "Board":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, words: str) -> None:
        self._console.print(words, highlight=False, soft_wrap=True)

    def begin(self, name: str, queries: int) -> None:
        self._name, self._queries = name, queries
        self.news(Timeline())

    def news(self, timeline: Timeline) -> None:
        """Draw the lane as it stands."""
        self._timeline = timeline
        self._live.update(self._screen(), refresh=True)

    def end(self, lane: "Lane") -> None:
        self._ended[lane.name] = lane.timeline
        self.news(lane.timeline)

    def _screen(self) -> RenderableType:
        width = min(self._console.width, COLUMNS) - 1
        runs = self._ended | {self._name: self._timeline}
        longest = max([1.0, *(run.makespan for run in runs.values())])
        title = Text(f"The same {self._queries} queries, {len(self._names)} ways", style="bold")
        lanes = [self._lane(name, runs.get(name), longest, width) for name in self._names]
        bars = _bars(self._timeline, longest, width, self._console.height - HEAD)
        return Group(title, Text(), *lanes, Text(), *bars)

    def _lane(self, name: str, run: Timeline | None, longest: float, width: int) -> Text:
        if run is None:
            return Text(f"  {name}", style=WAITS)
        goes = name not in self._ended
        line = Text("▶ " if goes else "  ", style=GOES if goes else "")
        line.append(set_cell_size(name, NAMES), style="bold")
        line.append(f"{textplot.seconds(run.makespan):>7}  ")
        return line.append(textplot.skyline(run, longest, self._queries, width - NAMES - 11), style=RUNS)


def _bars(timeline: Timeline, longest: float, width: int, most: int) -> list[Text]:
    """A bar for each query that was created, in order of start; the last of them, where not all find room."""
    if not len(timeline):
        return []
    first = timeline.spans[0].start
    origin = timeline.origin if first is None else first
    per_second = (width - NAMES - 10) / longest
    rows = [_bar(span, timeline, origin, per_second) for span in timeline.spans[-max(most, 1) :]]
    return [*rows, Text("█ runs  · waits for a slot", style=WAITS)]


def _bar(span: Span, timeline: Timeline, origin: float, per_second: float) -> Text:
    until = timeline.now if span.start is None else span.start
    created, start = (max(0, round((moment - origin) * per_second)) for moment in (span.created, until))
    # Prefect gives a task run the name that tells it from others when it starts.
    name = "waits" if span.start is None else textplot.short(span.name, NAMES - 1)
    line = Text(set_cell_size(name, NAMES), style=WAITS if span.start is None else "")
    line.append(" " * created).append("·" * (start - created), style=WAITS)
    if span.start is not None:
        end = timeline.end_of(span)
        style = BAD if span.state in textplot.FAILED else GOES if span.end is None else RUNS
        line.append("█" * max(1, round((end - origin) * per_second) - start), style=style)
        line.append(f" {textplot.seconds(end - span.start)}", style="" if span.end else WAITS)
    return line


# ----------------------------------------
# When it is over


def report(race: "Race") -> Group:
    """The table of a race, and the diagnosis of each lane."""
    said = [Text.assemble((f"{lane.name}: ", "bold"), lane.diagnosis) for lane in race.lanes]
    completed = sum(lane.error is None for lane in race.lanes)
    if completed > 1:
        same = "returned the same rows" if race.same_rows else "did not return the same rows"
        said.append(Text(f"The {completed} lanes that completed {same}. All figures are from Prefect's records."))
    return Group(_table(race), Text(), *said)


def _table(race: "Race") -> Table:
    asked = "each as long as it takes" if race.seconds is None else f"{textplot.seconds(race.seconds)} each"
    table = Table(
        title=f"The same {race.queries} queries, {asked}; limit and batches of {race.limit}", title_style="bold",
        title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1), pad_edge=False,
    )  # fmt: skip
    table.add_column("pattern", style="bold", no_wrap=True)
    for heading in ("seconds", "ideal", "ratio", "peak", "idle at barriers"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("how many ran at once, over time", style=RUNS, no_wrap=True)
    longest = max(lane.timeline.makespan for lane in race.lanes) or 1.0
    highest = max(lane.timeline.peak for lane in race.lanes) or 1
    for lane in race.lanes:
        table.add_row(
            lane.name,
            f"{lane.timeline.makespan:.2f}",
            f"{lane.ideal:.2f}",
            f"{lane.ratio:.2f}" if math.isfinite(lane.ratio) else "-",
            str(lane.timeline.peak),
            f"{lane.idle:.2f} slot-s" if lane.idle else "-",
            textplot.skyline(lane.timeline, longest, highest, 33),
        )
    return table


def as_text(race: "Race") -> str:
    """The report without colours, 100 columns wide."""
    console = Console(width=COLUMNS, color_system=None, force_terminal=False, force_jupyter=False)
    with console.capture() as captured:
        console.print(report(race), highlight=False)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def print_report(race: "Race", figure: Path) -> None:
    """Print the report to standard output, and where its figure is."""
    console = Console()
    if console.is_terminal:
        console.print(report(race), highlight=False)
    else:
        print(as_text(race))
    print(f"Figure: {shown(figure)}")


def for_terminal(pool: bool) -> Lines:
    """What shows a race on standard output: a board if that is a terminal, else lines."""
    console = Console()
    names = ["sequential", "uncontrolled", "limited", "batched", *(["pool"] if pool else [])]
    return Board(names, console) if console.is_terminal else Lines()
