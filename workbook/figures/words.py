"""A run in sentences: its title, its finding, durations, counts and names as figures and reports say them."""

from collections import Counter

from rich.cells import cell_len, set_cell_size

from workbook.timelines.finding import count
from workbook.timelines.span import CUT_OFF
from workbook.timelines.timeline import Span, Timeline

FAILED = ("FAILED", "CRASHED")


def seconds(value: float) -> str:
    """A duration as figures say it, with the digits that mean something: "0.34 s", "4.3 s", "125 s"."""
    if abs(value) >= 1e6:
        return f"{value:.3g} s"
    digits = 2 if abs(value) < 0.995 else 1 if abs(value) < 99.95 else 0
    return f"{round(value, digits) + 0.0:.{digits}f} s"  # without + 0.0 there is a "-0.00"


def headline(timeline: Timeline, limit: int | None = None, what: str = "task run") -> str:
    """The finding of one run with its measured numbers, short enough for a title.

    Args:
        timeline: the run.
        limit: how many task runs may run at once, if there is a limit.
        what: the word for one of the run's spans.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    ideal = None if limit is None else timeline.ideal(limit)
    if not len(timeline):
        return "No task ran"
    total, going = count(len(timeline), what), _goes_on(timeline)
    if all(span.start is None for span in timeline):
        return f"{total} waiting, none started yet" if going else f"{total}, none ever started"
    ended = sum(span.end is not None for span in timeline)
    if going:
        begin = f"So far {ended} of {total} ended, at most {timeline.peak} at once"
    else:
        begin = f"{total}, at most {timeline.peak} at once"
        begin += f", {len(timeline) - ended} never started" if ended < len(timeline) else ""
    for what, spans in _apart(timeline).items():
        begin += f", {len(spans)} {what}" if spans else ""
    if limit is not None and timeline.peak > limit:
        return f"{begin}, over the limit of {limit}: {seconds(timeline.makespan)}"
    # The work of a run that goes on is not all known, and so neither is its ideal.
    return f"{begin}: {seconds(timeline.makespan)}" + ("" if ideal is None or going else f"; ideal {seconds(ideal)}")


def contest(runs: dict[str, Timeline]) -> str:
    """The comparison in one line; of many runs only the slowest and the quickest."""
    first, *others = (Counter(span.task for span in run) for run in runs.values())
    same = ""
    if first and others and all(other == first for other in others):
        same = f"The same {count(sum(first.values()), 'task run')}: "
    named = {clean(name): run.makespan for name, run in runs.items() if run.peak}
    if len(named) > 4:
        named = {name: named[name] for name in (max(named, key=named.get), min(named, key=named.get))}
    return same + ", ".join(f"{name} in {seconds(took)}" for name, took in named.items()) if named else "No task ran"


def sentence(timeline: Timeline, limit: int | None = None, what: str = "task run") -> str:
    """The finding of one run with its limit, failures, waits and deployed flow runs, in full sentences.

    Args:
        timeline: the run.
        limit: how many task runs may run at once, if there is a limit.
        what: the word for one of the run's spans.

    Raises:
        ValueError: the limit is not a positive whole number.
    """
    parts = [f"{headline(timeline, limit, what)}."]
    if limit is not None and timeline.peak <= limit:
        parts.append(f"The limit is {limit}.")
    for kind, spans in _apart(timeline).items():
        more = f" and {len(spans) - 3} more" if len(spans) > 3 else ""
        if spans:
            parts.append(f"{kind.capitalize()}: {', '.join(clean(span.name) for span in spans[:3])}{more}.")
    if max(timeline.waits, default=0.0) >= 0.05:
        parts.append(f"The longest wait before a start was {seconds(max(timeline.waits))}.")
    deployed = Counter((_flow(child), child.work_pool) for child in timeline.around.children if child.deployment)
    for (deployment, pool), number in deployed.items():
        where = f" in the work pool {pool!r}" if pool else ""
        parts.append(f"{number} flow run{'' if number == 1 else 's'} of the deployment {deployment!r}{where}.")
    return " ".join(parts)


def clean(name: str) -> str:
    """A name without the characters that a terminal or a font would stumble over."""
    return "".join(c if c.isprintable() else "?" for c in name)


def short(name: str, width: int) -> str:
    """A name of at most so many columns; the end stays, for that is where task runs of one task differ."""
    name = clean(name)
    if cell_len(name) <= width:
        return name
    tail = name[-min(4, width // 3) :]
    while cell_len(tail) > width // 2:
        tail = tail[1:]
    return set_cell_size(name, width - 1 - cell_len(tail)).rstrip() + "…" + tail


def extent(timeline: Timeline) -> tuple[float, float]:
    """The first and the last moment that a figure of this run must show."""
    moments = [timeline.origin]
    for span in rows_of(timeline):
        last = timeline.now if span.start is None else timeline.end_of(span)
        moments += [span.created, last, *([] if span.start is None else [span.start])]
    return min(moments), max(moments)


def rows_of(timeline: Timeline) -> list[Span]:
    """What has a row of its own: the task runs, and the flow runs that were called, by start, never started last."""
    both = [*timeline.around.children, *timeline]  # sorting keeps a flow run before a task run of the same instant
    return sorted(both, key=lambda s: (s.start is None, s.start or 0.0, s.created))


def label(timeline: Timeline, span: Span) -> str:
    """What a row is called: a task run's name; or the names of a flow, its deployment if it has one, and its run."""
    return f"{_flow(span)}: {span.name}" if span in timeline.around.children else span.name


def _flow(span: Span) -> str:
    """The name of a flow, with its deployment after a slash, as Prefect has it."""
    return "/".join(filter(None, [span.task, span.deployment]))


def _goes_on(timeline: Timeline) -> bool:
    """Whether more is to come: something runs, or the flow run is known to have begun, looked at, and not ended."""
    if any(span.start is not None and span.end is None for span in timeline):
        return True
    unfinished = any(span.start is None for span in timeline) or None not in (timeline.begin, timeline.until)
    return timeline.end is None and unfinished


def _apart(timeline: Timeline) -> dict[str, list[Span]]:
    """The task runs that did not simply run and complete, by what became of them."""
    return {
        "cached": [span for span in timeline if span.cached],
        "failed": [span for span in timeline if span.state == "FAILED"],
        "crashed or cancelled": [span for span in timeline if span.state in CUT_OFF],
    }
