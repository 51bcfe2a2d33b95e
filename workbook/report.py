"""What one flow run shows: its figure, its bars as text, its tasks in a table, and its diagnosis.

It works on any run of any Prefect server that the environment names, so it is the tool to take home.
"""

import json
import textwrap
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from workbook import plots, textplot
from workbook.diagnosis import diagnose, explain
from workbook.observe import Observation
from workbook.outputs import shown
from workbook.timeline import Timeline


class NoSuchTag(Exception):
    """None of the task runs has the tag that was asked for; the message names the tags that there are."""


def judged(seen: Observation, tag: str | None) -> Timeline:
    """The task runs of a run that have a tag, or all of them if none is named.

    Raises:
        NoSuchTag: there are task runs, and none has it.
    """
    if tag is None or not len(seen.timeline):
        return seen.timeline
    if len(tagged := seen.timeline.where(tag=tag)):
        return tagged
    tags = sorted({tag for span in seen.timeline for tag in span.tags})
    there = f"their tags are {', '.join(map(repr, tags))}." if tags else "they have no tags, so leave --tag out."
    raise NoSuchTag(f"None of the {textplot.count(len(seen.timeline))} has the tag {tag!r}: {there}")


def print_report(
    seen: Observation, timeline: Timeline, limit: int | None, figure: Path, console: Console | None = None
) -> None:
    """Print what a run shows, and save its figure.

    Args:
        seen: the run.
        timeline: those of its task runs that are to be judged.
        limit: how many of them may run at once, if there is a limit.
        figure: where to save the figure.
        console: where to print to; standard output if not given.
    """
    console = console or Console()
    drawn = plots.picture(timeline, limit)
    drawn.save(figure)
    width = max(min(console.width, 100) - 1, textplot.NARROWEST)
    going = "" if seen.state.is_final() else " It is still going: this is how it stands."
    lines = [f"Flow run {seen.name!r}, {seen.state.name}.{going}"]
    if seen.missing:
        lines.append(f"The records of {seen.missing} task runs never came: they are not counted here.")
    lines += ["", textplot.as_text(timeline, limit, width), ""]
    console.print(Text("\n".join(lines)))
    if len(timeline):
        console.print(_table(timeline))
    print(*(textwrap.fill(finding, width) for finding in explain(timeline, limit).splitlines()), sep="\n")
    print(f"Figure: {shown(figure)}")


def _table(timeline: Timeline) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("task", style="bold")
    for heading in ("runs", "failed", "at once", "makespan", "longest", "longest wait"):
        table.add_column(heading, justify="right")
    for task in dict.fromkeys(span.task for span in timeline):
        part = timeline.where(task=task)
        failed = sum(span.state in textplot.FAILED for span in part)
        times = (part.makespan, part.longest, max(part.waits, default=0.0))
        table.add_row(
            task or "unnamed task", str(len(part)), str(failed), str(part.peak), *(f"{time:.2f} s" for time in times)
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
        "findings": [vars(finding) for finding in diagnose(timeline, limit)],
        "timeline": json.loads(timeline.to_json()),
    }
    return json.dumps(record, allow_nan=False)
