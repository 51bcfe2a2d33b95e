"""Runs a flow that is started as a script: makes sure of the limit, runs it, and prints how it ran."""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from prefect import Flow
from rich.console import Console

from flows import publishing
from workbook import paths
from workbook.figures import textual, words
from workbook.prefect_server.limits import ensure_limit, read_limit
from workbook.prefect_server.local import ServerError
from workbook.runs import logs
from workbook.runs.observation import observe
from workbook.runs.records import Observation
from workbook.runs.screen import Screen
from workbook.timelines.slots import LONG_WAIT


def run(
    flow: Flow, *, tag: str, limit: int, work: str = "task runs", before: Callable[[], object] | None = None
) -> None:
    """Run `flow`, show how it goes, and print a summary; end the process with exit code 1 if it did not complete.

    Prefect's log lines go to a file that the summary names; with `-v` on the command line they are shown instead.

    Args:
        flow: the flow, which is called without arguments.
        tag: the tag whose limit the flow relies on; if it already has a limit, that one stays.
        limit: the limit to set if the tag has none.
        work: the summary's word for task runs with that tag, as "queries".
        before: called before the flow starts; raises whatever would keep it from running.
    """
    parser = argparse.ArgumentParser(description=f"Run {flow.name} and show how it ran.")
    parser.add_argument("-v", "--verbose", action="store_true", help="show Prefect's log lines while it runs")
    parser.add_argument("--name", help="the flow run's name, as everybody sees it (default: one that Prefect makes up)")
    verbose, name = vars(parser.parse_args()).values()
    if name:
        flow = flow.with_options(flow_run_name=name.replace("{", "{{").replace("}", "}}"))  # it isn't a template
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_without_traceback)
    slots = _prepared(tag, limit, before)
    log = None if verbose else paths.home() / f"{flow.name}.log"
    try:
        seen = observe(flow) if verbose else _watched(flow, tag, work, log)
    except ServerError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    print(f"\n{_bars(seen, tag, slots)}\n{summary(seen, tag, slots, work)}")
    print(f"  {'figure':9} {_figure(seen, tag, slots, flow.name)}")
    if log:
        print(f"  {'log':9} {paths.shown(log)}")
    if not seen.state.is_completed():
        sys.exit(f"Error: {seen.error or seen.state.message}")


def _prepared(tag: str, limit: int, before: Callable[[], object] | None) -> int:
    """Make sure that the flow can run; return how many slots the limit on its tag has."""
    try:
        with publishing.plain_errors():  # the figure's folder
            publishing.data().mkdir(parents=True, exist_ok=True)
        if before:
            before()
        in_force = read_limit(tag)
        if in_force is None:
            ensure_limit(tag, limit)
            in_force = read_limit(tag)
    except Exception as error:
        if not _foreseen(error):
            raise
        sys.exit(f"Error: {error}")
    if in_force.active_slots:
        print(
            f"Other runs hold {in_force.active_slots} of the {in_force.limit} slots of the limit on {tag!r}, so this "
            "one may have to wait. Slots of a run that was killed are free again within about a minute."
        )
    return in_force.limit


def _watched(flow: Flow, tag: str, work: str, log: Path) -> Observation:
    """Run the flow; show its states in a terminal, and print a line for each failure anywhere."""
    console = Console()
    screen = Screen(flow.name, tag, work, console)
    with logs.quiet(log), logs.warnings(screen.say), screen:
        return observe(flow, live=screen if console.is_terminal else None)


def _bars(seen: Observation, tag: str, limit: int) -> str:
    """A bar of characters for each task run that has the tag, and how many ran at once."""
    width = max(min(Console().width, 100) - 1, textual.NARROWEST)
    return textual.as_text(seen.timeline.where(tag=tag), limit, width)


def _figure(seen: Observation, tag: str, limit: int, name: str) -> str:
    """Save the figure of the task runs that have the tag; return its path, or why it could not be saved."""
    from workbook.figures.gantt import picture  # matplotlib takes a second to load, and the flow should not wait for it

    file = publishing.data() / f"{name}.png"
    try:
        return paths.shown(picture(seen.timeline.where(tag=tag), limit).save(file))
    except OSError as error:
        return f"could not be saved to {file} ({error.strerror})"


def summary(seen: Observation, tag: str, limit: int, work: str) -> str:
    """The run in numbers from Prefect's records: what was done, how long it took, how many ran at once."""
    tagged = seen.timeline.where(tag=tag)
    completed = sum(span.state == "COMPLETED" for span in tagged)
    result = seen.result if isinstance(seen.result, dict) else {}
    rows = f", {result['rows']} rows" if "rows" in result else ""
    took, ideal = words.seconds(tagged.makespan), words.seconds(tagged.ideal(limit))
    lines = {
        work: f"{completed} of {len(tagged)} completed{rows}",
        "makespan": f"{took}; ideal {ideal} (work ÷ {limit}, or the longest)",
        "peak": f"{tagged.peak} at once, under a limit of {limit}",
        "web UI": f"{os.environ['PREFECT_API_URL'].removesuffix('/api')}/runs/flow-run/{seen.flow_run_id}",
    }
    if (wait := seen.timeline.around.slot_wait or 0.0) > LONG_WAIT:
        lines["slots"] = f"a task that finds none free asks this server again after up to {wait:g} s: see `doctor`"
    if "output" in result:
        lines["output"] = result["output"]
    if seen.missing:
        lines["missing"] = f"the records of {seen.missing} task runs never came"
    return "\n".join([f"\n{seen.name} ({seen.state.name})", *(f"  {name:9} {value}" for name, value in lines.items())])


def _foreseen(error: BaseException | None) -> bool:
    """Whether it is one of our own errors, whose message is all that the reader needs."""
    return error is not None and type(error).__module__.partition(".")[0] in ("flows", "workbook", "__main__")


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and _foreseen(record.exc_info[1]):
        record.exc_info = None
    return True
