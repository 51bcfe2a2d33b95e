"""The race on the screen: bars that grow while a lane runs, then the table and what there is to say of each lane.

It is made for a projector of 100 columns and 30 rows, and for a notebook. Where standard output is neither, each
lane is a line of text when it begins and one when it has ended.
"""

from collections.abc import Callable
from typing import Any

from rich.cells import set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from workbook.figures import textual, words
from workbook.figures.place import Place, notebook_display
from workbook.figures.prose import Characters
from workbook.races.lanes import Lane
from workbook.timelines.timeline import Span, Timeline

COLUMNS = 100
HEAD = 10  # rows of the screen for what is not a query's bar: title, up to five lanes, blank lines, legend, cursor
ROWS = 20  # bars in a notebook
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

    def end(self, lane: Lane) -> None:
        self.say(f"{lane.name}: {words.headline(lane.timeline, lane.limit)}")


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
        self._show(self._screen())

    def end(self, lane: Lane) -> None:
        self._ended[lane.name] = lane.timeline
        self.news(lane.timeline)

    def _show(self, screen: RenderableType) -> None:
        self._live.update(screen, refresh=True)

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
        line.append(f"{words.seconds(run.makespan):>7}  ")
        return line.append(textual.skyline(run, longest, self._queries, width - NAMES - 11), style=RUNS)


class Page(Board):
    """Shows the same in a notebook; it is gone when the race is over, since the cell then shows its result.

    Args:
        names: the lanes, in the order in which they run.
        display: shows something in the notebook.
    """

    def __init__(self, names: list[str], display: Callable[..., Any]) -> None:
        plain = {"color_system": None, "force_terminal": False, "force_jupyter": False}
        super().__init__(names, Console(width=COLUMNS, height=HEAD + ROWS, **plain))
        self._place = Place(display)

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        self._place.show(Characters())

    def _show(self, screen: RenderableType) -> None:
        with self._console.capture() as captured:
            self._console.print(screen)
        self._place.show(Characters(captured.get()))


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
    name = "waits" if span.start is None else words.short(span.name, NAMES - 1)
    line = Text(set_cell_size(name, NAMES), style=WAITS if span.start is None else "")
    line.append(" " * created).append("·" * (start - created), style=WAITS)
    if span.start is not None:
        end = timeline.end_of(span)
        style = BAD if span.state in words.FAILED else GOES if span.end is None else RUNS
        line.append("█" * max(1, round((end - origin) * per_second) - start), style=style)
        line.append(f" {words.seconds(end - span.start)}", style="" if span.end else WAITS)
    return line


def fitting(pool: bool) -> Lines:
    """What shows a race here: a page in a notebook, a board in a terminal, else lines."""
    names = ["sequential", "uncontrolled", "limited", "batched", *(["pool"] if pool else [])]
    if display := notebook_display():
        return Page(names, display)
    console = Console()
    return Board(names, console) if console.is_terminal else Lines()
