"""docs/benchmarks.md: every number in it is from docs/benchmarks/results.json, and none is written by hand."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks import figures
from benchmarks.measures import (
    Case,
    best,
    cheap_in_words,
    curve,
    gaps,
    holds,
    limits,
    middle,
    of,
    points,
    quantile,
    recovered,
    spread,
    steps,
)
from benchmarks.results import PARTS

Data = dict[str, Any]
CAP = 3
ABSENT = "This part has no results; [the list at the end](#what-was-not-run) says why.\n"
NAMES = {
    "sequential": "sequential",
    "parallel": "uncontrolled",
    "tag_limit": "tag limit",
    "batches": "batches",
    "pool": "`ThreadPoolTaskRunner`",
}
# What a reader wants, and which of the alternatives gives it.
WANTED = (
    ("one cap over all flows and machines, seen in Prefect", "Prefect tag limit, the workbook's settings"),
    ("the same, for a team", "Prefect tag limit, PostgreSQL"),
    ("a cap on some lines of a task only", "Prefect `concurrency()`"),
    ("a cap in one flow run", "Prefect `ThreadPoolTaskRunner`"),
    ("a cap on whole flow runs", "Prefect work pool's limit"),
    ("a cap in one script, without records", "concurrent.futures"),
    ("the same in async code", "asyncio with a semaphore"),
    ("a cap on one Dask cluster", "Dask with a resource"),
    ("a queue that always runs, with its own workers", "Celery with a worker of three"),
)


def write(out: Path) -> Path:
    """Write the document and draw its figures, from the results in `out`/benchmarks; the document's file."""
    folder = out / "benchmarks"
    data = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    for part, draw in figures.FIGURES.items():
        if data[part]:
            draw(data, folder / f"{part}.png")
    file = out / "benchmarks.md"
    file.write_text(text(data), encoding="utf-8")
    return file


def text(data: Data) -> str:
    """The whole document as Markdown."""
    parts = (_head, _which, _durations, _throughput, _patterns, _alternatives, _handover, _workbook, _graders, _not_run)
    return "\n".join(part(data) for part in parts)


def table(titles: Iterable[str], rows: Iterable[Iterable[str]], numbers_from: int = 1) -> str:
    """A Markdown table; its columns are right-aligned from the one of this number on."""
    titles = list(titles)
    ruler = ["---" if number < numbers_from else "--:" for number in range(len(titles))]
    return "".join(f"| {' | '.join(row)} |\n" for row in (titles, ruler, *rows))


def _head(data: Data) -> str:
    rows = [
        (
            PARTS[part],
            f"{where['processor']}, {where['cpus']} CPUs, {where['gigabytes']:g} GB, {where['system']}",
            where["date"],
            f"{where['load']:.1f}",
            f"{where['minutes']:.0f}",
        )
        for part, where in data["machines"].items()
    ]
    titles = ("part", "machine", "date", "load average as it began", "minutes")
    length = "This was a short run, with few rounds. " if data["quick"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    return f"""# Benchmarks

How close does each way to limit tasks come to the best that is possible? This page is written from
[its raw results](benchmarks/results.json); no number in it is typed by hand. On your machine, `make bench` measures
all of it again and writes this page anew. `QUICK=1 make bench` measures less, and writes into `build/benchmarks/`.

{table(titles, rows, 3)}
{length}A load average of half the processors or more means that something else was running, or that the part before had
just ended. Versions: {versions}.

*Ideal* is the shortest time that any schedule could take: the longest task, or all work divided by the slots, whichever
is longer. A *ratio* is the time from the first start to the last end, divided by the ideal: at 1.00 no slot was ever
empty. Cells show the median, and the least and most in brackets: of five rounds where they are short, of fewer where
they take long. Cells without brackets had one round. Ratios travel between machines better than seconds do.

Twenty equal tasks in three slots take seven turns, where the ideal has six and two thirds: no limit does better than
1.05 there.
"""


def _which(data: Data) -> str:
    cases = {case["name"]: case for case in data["alternatives"]}
    rows = [
        (want, f"[{name}](#next-to-the-alternatives)", holds(case, CAP), spread(case), str(case["lines"]))
        for want, name in WANTED
        if (case := cases.get(name))
    ]
    titles = ("You want", "Take", "Held with two processes", "Ratio to the ideal", "Lines you write")
    return f"""## Which limit to use when

The same twenty queries, three at a time. [which_limit_when.md](which_limit_when.md) has the commands.

{table(titles, rows, 3) if rows else ABSENT}"""


def _durations(data: Data) -> str:
    cases = data["patterns"]
    found = limits(cases)
    if not found:
        return f"## How long must a task be?\n\n{ABSENT}"
    seconds = sorted({case["seconds"] for limit in found for case in curve(cases, limit)})
    rows = []
    for limit in found:
        by_seconds = {case["seconds"]: case for case in curve(cases, limit)}
        counts = sorted({case["count"] for case in by_seconds.values()})
        cells = [spread(by_seconds[one]) if one in by_seconds else "-" for one in seconds]
        rows.append([str(limit), " or ".join(map(str, counts)), *cells, cheap_in_words(points(curve(cases, limit)))])
    titles = ["limit", "task runs", *(f"{one:g} s" for one in seconds), "under 10 % from"]
    return f"""## How long must a task be?

A slot stands empty while the server passes it on. The shorter the tasks, the more that costs. The last column says how
long a task must be for a tag limit to cost less than 10 %, read off the line between two measured durations.

![A line for each limit: by how much it is above the ideal, over how long each task takes. A dashed line marks a tenth
above the ideal.](benchmarks/patterns.png)

{table(titles, rows, 0)}"""


def _throughput(data: Data) -> str:
    kept = {pattern: best(data["patterns"], pattern) for pattern in ("tag_limit", "pool", "parallel")}
    rows = [_throughput_row(pattern, case) for pattern, case in kept.items() if case]
    titles = ("pattern", "task runs, seconds each, at once", "task runs a second", "requests", "client ms", "server ms")
    titles += ("server MB", "records complete after")
    return f"""## How many task runs a second?

The case in which each pattern got most task runs done. Requests and CPU milliseconds are per task run, with its share
of the flow run's. The last column is how many seconds after the flow's end the server had recorded every end.

{table(titles, rows) if rows else ABSENT}"""


def _throughput_row(pattern: str, case: Case) -> tuple[str, ...]:
    count = case["count"]
    return (
        NAMES[pattern],
        f"{count}, {case['seconds']:g}, {case['limit']}",
        spread(case, "per_second", 1),
        f"{middle(case, 'requests') / count:.1f}",
        f"{1000 * middle(case, 'client_cpu') / count:.0f}",
        f"{1000 * middle(case, 'server_cpu') / count:.0f}",
        f"{middle(case, 'server_megabytes'):.0f}",
        f"{spread(case, 'lag', 1)} s" if of(case, "lag") else "not in a minute",
    )


def _patterns(data: Data) -> str:
    cases = data["patterns"]
    shown: dict[tuple, dict[float, Case]] = {}
    for case in cases:
        key = (case["pattern"], case["uneven"], case["count"], case["limit"])
        shown.setdefault(key, {})[case["seconds"]] = case
    seconds = sorted({case["seconds"] for case in cases})
    rows = [
        [NAMES[pattern], "uneven" if uneven else "even", str(count), str(limit)]
        + [spread(found[one]) if one in found else "-" for one in seconds]
        for (pattern, uneven, count, limit), found in sorted(shown.items())
    ]
    titles = ["pattern", "durations", "task runs", "at once", *(f"{one:g} s" for one in seconds)]
    return f"""## The patterns

The ratio to the ideal, by how long a task takes. Uneven tasks have the durations of the twenty queries, in proportion.
Batches wait for their slowest task, so they are only good if all tasks take equally long.

{table(titles, rows, 2) if rows else ABSENT}"""


def _alternatives(data: Data) -> str:
    cases = sorted(data["alternatives"], key=middle)
    rows = [
        (
            case["name"],
            spread(case),
            str(max(of(case, "peak"))),
            holds(case, CAP),
            f"[{case['lines']}](../scripts/benchmarks/snippets/{case['snippet']})",
            f"{middle(case, 'before'):.1f} s",
            recovered(case),
            f"`{case['setup']}`" if case["setup"] else "nothing",
            case["seen"],
        )
        for case in cases
    ]
    titles = (
        "",
        "ratio",
        "most at once",
        "held with two processes",
        "lines",
        "before the first",
        "after a crash",
        "typed once",
        "seen after",
    )
    figure = """![A bar for each alternative, the shortest on top, and a dashed line at the ideal, which no schedule can
beat.](benchmarks/alternatives.png)

"""
    return f"""## Next to the alternatives

The same twenty queries of uneven duration, three at a time, as users of each tool write it. Every query noted its own
start and end in one file. To see if the cap holds over two processes, the same program was started twice at the same
time: *yes* if no more than three queries ran at once in both together.

{figure if rows else ""}{table(titles, rows, 1) if rows else ABSENT}
*Before the first* is the time from the program's start to the first query: imports, clusters, and what runs before it.
*After a crash* says when three queries ran at once again, in seconds from the start of a program that was started just
after the one before it had been killed in the middle of three queries: a server keeps the slots of the dead until their
leases are over. We didn't measure it where separate workers run the queries, nor for Prefect as installed, whose leases
are as long as with the workbook's settings.
"""


def _handover(data: Data) -> str:
    rows, where = [], []
    for case in data["handover"]:
        found, wait = gaps(case), f"{case['wait']} s"
        cells = [f"{1000 * quantile(found, share):.0f} ms" for share in (0.1, 0.5, 0.9)]
        each = f"{middle(case, 'requests') / case['count']:.1f}"
        cpu = f"{1000 * middle(case, 'server_cpu') / case['count']:.0f} ms"
        rows.append((wait, *cells, str(len(found)), spread(case), each, cpu))
        where.append((wait, *(f"{1000 * seconds:.0f} ms" for seconds in steps(case)), f"{1000 * fmean(found):.0f} ms"))
    titles = ("slot wait", "10 % are shorter", "median", "90 % are shorter", "gaps", "ratio", "requests", "server CPU")
    steps_titles = (
        "slot wait",
        "to the release",
        "its answer",
        "to the request",
        "its answer",
        "to the start",
        "in all",
    )
    figure = """![A rising line for each slot wait: how many of the gaps between two tasks are no longer than so many
seconds.](benchmarks/handover.png)

"""
    trace = f"""
Where the time goes, on average over the gaps. The client sends the *release* of the slot when a task has ended, and a
*request* for a slot, again and again, for the task that comes next: these are the time until each was sent, and until
the server had answered it. The time to the request is below zero where the request that got the slot was on its way
before the client had the answer to the release.

{table(steps_titles, where, 0)}"""
    return f"""## The hand-over

The gap from one task's end to the next one's start under a tag limit, for three values of
`PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS`. A shorter wait asks more often: the last two columns are per
task run.

{figure if rows else ""}{table(titles, rows, 0) if rows else ABSENT}{trace if rows else ""}"""


def _workbook(data: Data) -> str:
    rows = [(case["name"], f"{spread(case, 'seconds', 2)} s") for case in data["workbook"]]
    return f"""## The workbook itself

How long a learner waits. A check runs the flow on its own server, several times if the exercise needs it.

{table(("", "time"), rows) if rows else ABSENT}"""


def _graders(data: Data) -> str:
    rows = []
    for case in data["graders"]:
        (one,) = case["rounds"]
        accepted, refused = f"{one['accepted']} of {one['right']}", f"{one['refused']} of {one['wrong']}"
        rows.append((case["name"], accepted, refused, f"{one['seconds']:.1f} s"))
    titles = ("grader", "right answers accepted", "wrong answers refused", "time for each")
    return f"""## Other graders

The same answers to exercise 2.1, judged by notebook graders, each in its own environment. *A test of the result*
compares the rows that the flow returns, in order; *also of the time* asks besides that four queries of 0.5 s take less
than 2 s. Neither can see how the tasks ran. The time includes what each grader starts for an answer: a kernel, or a
process that loads Prefect.

{table(titles, rows) if rows else ABSENT}"""


def _not_run(data: Data) -> str:
    listed = "".join(f"- {one['what']}: {one['reason']}.\n" for one in data["not_run"])
    return f"## What was not run\n\n{listed or 'Everything was.' + chr(10)}"
