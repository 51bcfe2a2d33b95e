"""The report of one flow run: its figure, its bars as text, its tasks in a table, and its diagnosis.

It works on any run of any Prefect server, so it is the tool to take home.
"""

import json
import textwrap
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from workbook.figures import gantt, textual, words
from workbook.paths import shown
from workbook.runs.records import Observation, observe_run
from workbook.timelines.diagnosis import diagnose, explain, limited, limits_judged, read_on
from workbook.timelines.finding import count
from workbook.timelines.timeline import Timeline


class NoSuchTag(Exception):
    """None of the task runs has the wanted tag; the message names the tags that they have."""


def judged(seen: Observation, tag: str | None) -> Timeline:
    """The task runs of a run that have a tag; all of them if the tag is None.

    Raises:
        NoSuchTag: there are task runs, but none has the tag.
    """
    if tag is None or not len(seen.timeline):
        return seen.timeline
    if len(tagged := seen.timeline.where(tag=tag)):
        return tagged
    tags = sorted({tag for span in seen.timeline for tag in span.tags})
    there = f"their tags are {', '.join(map(repr, tags))}." if tags else "they have no tags, so leave out --tag."
    raise NoSuchTag(f"None of the {count(len(seen.timeline), 'task run')} has the tag {tag!r}: {there}")


def limit_in_force(timeline: Timeline) -> int | None:
    """The limit on the server that the tags of these task runs have; None if they have none, or several."""
    limits = set(limits_judged(timeline, None).values())
    return limits.pop() if len(limits) == 1 else None


def follow(flow_run_id: UUID, console: Console) -> Observation:
    """Show a flow run again and again until it has ended.

    In a terminal each picture replaces the last one; elsewhere a line is printed whenever something has changed.

    Raises:
        ServerError: the server doesn't have the run.
    """
    printed, width = "", _width(console)
    with Live(console=console, transient=True, auto_refresh=False) as screen:
        while not (seen := observe_run(flow_run_id)).state.is_final():
            if console.is_terminal:
                screen.update(Text(textual.as_text(seen.timeline, width=width)), refresh=True)
            elif printed != (printed := words.headline(seen.timeline)):
                console.print(printed, highlight=False)
            time.sleep(1)  # the API can't be waited on
    return seen


def print_report(
    seen: Observation,
    timeline: Timeline,
    limit: int | None,
    figure: Path,
    colour: gantt.Colour = "task",
    console: Console | None = None,
) -> None:
    """Print the report of a run, and save its figure.

    Args:
        seen: the run.
        timeline: those of its task runs to judge.
        limit: how many of them may run at once, if there is a limit.
        figure: where to save the figure.
        colour: whether the figure colours task runs by their task or by their flow run.
        console: where to print to; standard output if not given.
    """
    console = console or Console()
    line = limit if limit is None or len(limited(timeline, limit)) == len(timeline) else None
    gantt.picture(timeline, line, colour=colour).save(figure)
    width = _width(console)
    begun = " It has not started yet." if seen.timeline.begin is None else " It is still going; this is how it stands."
    going = "" if seen.state.is_final() else begun
    error = f": {seen.timeline.around.message}" if seen.timeline.around.message else "."
    lines = [f"Flow run {seen.name!r}, {seen.state.name}{error}{going}"]
    if seen.missing:
        lines.append(f"The records of {count(seen.missing, 'task run')} never came, so they are not counted here.")
    lines += ["", textual.as_text(timeline, line, width), ""]
    console.print(Text("\n".join(lines)))
    if len(timeline):
        console.print(_table(timeline))
    print(*(textwrap.fill(finding, width) for finding in explain(timeline, limit).splitlines()), sep="\n")
    for code in dict.fromkeys(finding.code for finding in diagnose(timeline, limit)):
        print(f"Read more about {code}: {read_on(code)}")
    if in_force := timeline.around.limits | timeline.around.other_limits:
        print("Limits on the server:", ", ".join(f"{words.clean(name)} {most}" for name, most in in_force.items()))
    print(f"Figure: {shown(figure)}")


def _width(console: Console) -> int:
    return max(min(console.width, 100) - 1, textual.NARROWEST)


def _table(timeline: Timeline) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("task", style="bold")
    for heading in ("runs", "failed", "cut off", "at once", "makespan", "longest", "longest wait"):
        table.add_column(heading, justify="right")
    for task in dict.fromkeys(span.task for span in timeline):
        part = timeline.where(task=task)
        failed = sum(span.state == "FAILED" for span in part)
        cut_off = sum(span.state in words.CUT_OFF for span in part)
        times = (part.makespan, part.longest, max(part.waits, default=0.0))
        table.add_row(
            task or "unnamed task",
            str(len(part)),
            str(failed),
            str(cut_off),
            str(part.peak),
            *(f"{time:.2f} s" for time in times),
        )
    return table


def to_json(seen: Observation, timeline: Timeline, limit: int | None) -> str:
    """The run as JSON text: its measures, its findings, and every task run."""
    record: dict[str, Any] = {
        "flow_run_id": str(seen.flow_run_id),
        "name": seen.name,
        "state": seen.state.type.value,
        "missing": seen.missing,
        "limit": limit,
        "seconds": timeline.makespan,
        "ideal": None if limit is None else timeline.ideal(limit),
        "peak": timeline.peak,
        "findings": [vars(found) | {"read_on": read_on(found.code)} for found in diagnose(timeline, limit)],
        "timeline": json.loads(timeline.to_json()),
    }
    return json.dumps(record, allow_nan=False)
