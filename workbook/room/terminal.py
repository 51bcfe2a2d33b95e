"""The room in a terminal: who holds a slot, how many ran at once during the last minute, and a line for each person."""

from typing import Any

from rich.cells import set_cell_size
from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from workbook.figures import words
from workbook.figures.textual import BLOCKS, FAIL
from workbook.room.shared import WINDOW

NAME, BARS, LINE = 12, 10, 32  # columns for a name, for its task runs, and for the line that both stand in
RUNS, WAITS, BAD = "bold cyan", "bright_black", "bold red"


class Screen:
    """Shows a room in a terminal during a `with` block; call it with a picture of the room whenever there is news.

    Args:
        console: the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> "Screen":
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, picture: dict[str, Any]) -> None:
        """Draw the room as it stands."""
        if self._console.is_terminal:
            self._live.update(drawn(picture, self._console.width), refresh=True)


def headline(picture: dict[str, Any]) -> str:
    """The room in one sentence."""
    if picture["limit"] is None:
        slots = f"{picture['tag']!r} isn't limited"
    else:
        slots = f"{len(picture['slots'])} of the {picture['limit']} slots of {picture['tag']!r} are taken"
    return f"{slots}; {picture['running']} running, {picture['waiting']} waiting; peak {picture['peak']}"


def drawn(picture: dict[str, Any], width: int) -> Group:
    """A picture of the room, as `Room.picture` returns it, in lines of at most `width` columns."""
    lines = [Text(headline(picture), style="bold", no_wrap=True, overflow="ellipsis")]
    if picture["problem"]:
        lines.append(Text(picture["problem"], style=BAD))
    if picture["limit"]:
        slots = [words.short(name, NAME) for name in picture["slots"]]
        slots += ["·"] * (picture["limit"] - len(slots))
        lines.append(Text("slots: " + "  ".join(f"[{name}]" for name in slots), no_wrap=True, overflow="ellipsis"))
    lines.append(Text(_skyline(picture, min(width, 100) - 13)).append(" last minute", style=WAITS))
    people = Columns([_person(row) for row in picture["people"]], width=LINE, column_first=True)
    return Group(*lines, Text(), people, Text(f"█ runs  · waits  ✓ completed  {FAIL} failed", style=WAITS))


def _person(row: dict[str, Any]) -> Text:
    line = Text(set_cell_size(words.short(row["name"], NAME), NAME) + " ", no_wrap=True)
    running = min(row["running"], BARS)
    waiting = min(row["waiting"], BARS - running)
    line.append("█" * running, style=RUNS).append("·" * waiting, style=WAITS).append(" " * (BARS - running - waiting))
    line.append(f" ✓{row['completed']}")
    return line.append(f" {FAIL}{row['failed']}", style=BAD) if row["failed"] else line


def _skyline(picture: dict[str, Any], columns: int) -> str:
    """The most that ran at once in each piece of the last minute, as blocks; a full block is the most in all of it."""
    steps = sorted(picture["curve"], reverse=True)  # the oldest first
    highest = max([picture["limit"] or 1, *(number for _, number in steps)])
    line = ""
    for column in range(columns):
        left, right = (WINDOW * (columns - edge) / columns for edge in (column, column + 1))  # seconds ago
        before = [number for ago, number in steps if ago >= left][-1:]
        most = max([*before, *(number for ago, number in steps if right <= ago < left)], default=0)
        line += BLOCKS[round(most / highest * (len(BLOCKS) - 1))]
    return line
