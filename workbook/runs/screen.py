"""Shows a run in a terminal while it goes: a line for each state that its task runs are in."""

from collections.abc import Iterable

from rich.cells import set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from workbook.figures import textual, words
from workbook.timelines.timeline import Span, Timeline

LOOKS = {  # of each state: the character for a task run, and the style
    "waiting": ("·", "bright_black"),
    "running": ("█", "bold yellow"),
    "retrying": ("┄", "bold yellow"),
    "completed": ("█", "cyan"),
    "failed": (textual.FAIL, "bold red"),
}
ALWAYS = ("waiting", "running", "completed")  # shown from the beginning
LABEL = 11  # columns for the name of a state


class Screen:
    """Shows a run in a terminal during a `with` block; call it with the timeline whenever there is news.

    If standard output is not a terminal, it prints only that the run begins, and the lines given to `say`.

    Args:
        name: the name of the flow.
        tag: the tag of the task runs to show.
        work: the word for such task runs, as "queries".
        console: where to show it.
    """

    def __init__(self, name: str, tag: str, work: str, console: Console) -> None:
        self.name, self.tag, self.work, self.console = name, tag, work, console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "Screen":
        if self.console.is_terminal:
            self._live.start()
            self(Timeline())
        else:
            self.say(f"{self.name} …")
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)

    def __call__(self, timeline: Timeline) -> None:
        """Draw the run as it stands."""
        runs = timeline.where(tag=self.tag)
        title = Text(f"{self.name}: {len(runs)} {self.work}, {words.seconds(runs.makespan)}", style="bold")
        self._live.update(Group(title, *lines(runs)), refresh=True)


def lines(spans: Iterable[Span]) -> list[Text]:
    """A line for each state: how many task runs are in it, and the names of those that are running or have failed."""
    found: dict[str, list[Span]] = {state: [] for state in LOOKS}
    for span in spans:
        found[state_of(span)].append(span)
    shown = []
    for state, members in found.items():
        if members or state in ALWAYS:
            character, style = LOOKS[state]
            line = Text(f"  {set_cell_size(state, LABEL)}{len(members):>3} ", no_wrap=True, overflow="ellipsis")
            line.append(character * len(members), style=style)
            if state in ("running", "retrying", "failed"):
                line.append(" " + ", ".join(words.short(span.name, 24) for span in members))
            shown.append(line)
    return shown


def state_of(span: Span) -> str:
    """The state of a task run in one plain word."""
    if span.start is None:
        return "waiting"
    if span.end is None:
        return "running" if span.state == "RUNNING" else "retrying"
    return "completed" if span.state == "COMPLETED" else "failed"
