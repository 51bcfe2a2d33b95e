"""What a flow does when it is started as a script: make sure of the limit, run, and say how it ran."""

import logging
import os
import sys
from collections.abc import Callable

from prefect import Flow

from workbook.limits import ensure_limit, read_limit
from workbook.observe import Observation, observe


def run(
    flow: Flow, *, tag: str, limit: int, work: str = "task runs", before: Callable[[], object] | None = None
) -> None:
    """Run `flow` and print a summary; end the process with exit code 1 when it did not complete.

    Args:
        flow: called without arguments.
        tag: the tag whose limit the flow relies on; a limit that somebody has set already is left as it is.
        limit: the limit to set when the tag has none.
        work: what a task run with that tag is called in the summary.
        before: what would keep the flow from running is raised by this, before it starts.
    """
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_without_traceback)
    try:
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
    if in_force.active:
        print(
            f"Taken by other runs: {in_force.active} of the {in_force.slots} slots of the limit on {tag!r}: this one "
            "may wait. If a run was killed, its slots come free within about a minute."
        )
    try:
        seen = observe(flow)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    print(summary(seen, tag, in_force.slots, work))
    if not seen.state.is_completed():
        sys.exit(f"Error: {seen.error or seen.state.message}")


def summary(seen: Observation, tag: str, limit: int, work: str) -> str:
    """The run in figures, all from Prefect's own records: what was done, how long it took, how many at once."""
    tagged = seen.timeline.where(tag=tag)
    completed = sum(span.state == "COMPLETED" for span in tagged)
    result = seen.result if isinstance(seen.result, dict) else {}
    rows = f", {result['rows']} rows" if "rows" in result else ""
    lines = {
        work: f"{completed} of {len(tagged)} completed{rows}",
        "makespan": f"{tagged.makespan:.1f} s; ideal {tagged.ideal(limit):.1f} s (work ÷ {limit}, or the longest)",
        "peak": f"{tagged.peak} at once, under a limit of {limit}",
        "web UI": f"{os.environ['PREFECT_API_URL'].removesuffix('/api')}/runs/flow-run/{seen.flow_run_id}",
    }
    if "output" in result:
        lines["output"] = result["output"]
    if seen.missing:
        lines["missing"] = f"the records of {seen.missing} task runs never came"
    return "\n".join([f"\n{seen.name} ({seen.state.name})", *(f"  {name:9} {value}" for name, value in lines.items())])


def _foreseen(error: BaseException | None) -> bool:
    """Is it one of our own errors, whose message says all that its reader needs?"""
    return error is not None and type(error).__module__.partition(".")[0] in ("flows", "workbook", "__main__")


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.exc_info and _foreseen(record.exc_info[1]):
        record.exc_info = None
    return True
