"""docs/benchmarks.md: every number in it is from docs/benchmarks/results.json, and none is written by hand."""

import json
from collections.abc import Iterable
from pathlib import Path
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
    spread,
)

Data = dict[str, Any]
CAP = 3
ABSENT = "This part has no results; [the list at the end](#what-was-not-run) says why.\n"
BUSY = (
    "**As this began, the load average was {load:.1f} on {cpus} CPUs: something else was running, or had just ended.**"
)
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
    parts = (_head, _which, _durations, _throughput, _patterns, _alternatives, _handover, _not_run)
    return "\n".join(part(data) for part in parts)


def table(titles: Iterable[str], rows: Iterable[Iterable[str]], numbers_from: int = 1) -> str:
    """A Markdown table; its columns are right-aligned from the one of this number on."""
    titles = list(titles)
    ruler = ["---" if number < numbers_from else "--:" for number in range(len(titles))]
    return "".join(f"| {' | '.join(row)} |\n" for row in (titles, ruler, *rows))


def _head(data: Data) -> str:
    machine, versions = data["machine"], data["versions"]
    load = ", ".join(f"{value:.1f}" for value in data["load"].values()) or f"{machine['load']:.1f}"
    busy = "" if machine["load"] < machine["cpus"] / 2 else f"\n{BUSY.format(**machine)}\n"
    length = "a short run, with few rounds" if data["quick"] else "the full run"
    rows = [
        (
            "machine",
            f"{machine['processor']}, {machine['cpus']} CPUs, {machine['gigabytes']:g} GB, {machine['system']}",
        ),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("load average as each part began", load),
        ("measured", f"{machine['date']}, {length}, {data['minutes']:.0f} min"),
    ]
    return f"""# Benchmarks

How close does each way to limit tasks come to the best that is possible? This page is written from
[its raw results](benchmarks/results.json); no number in it is typed by hand. On your machine, `make bench` measures
all of it again and writes this page anew. `QUICK=1 make bench` measures less, and writes into `build/benchmarks/`.

{table(("", ""), rows, 2)}{busy}
*Ideal* is the shortest time that any schedule could take: the longest task, or all work divided by the slots, whichever
is longer. A *ratio* is the time from the first start to the last end, divided by the ideal: at 1.00 no slot was ever
empty. Cells show the median, and the least and most in brackets: of five rounds where they are short, of fewer where
they take long. Cells without brackets had one round. Ratios travel between machines better than seconds do.
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
*Lines* links to the program; its docstring, comments and empty lines aren't counted, and a wrapped line counts once.
"""


def _handover(data: Data) -> str:
    rows = []
    for case in data["handover"]:
        found = gaps(case)
        cells = [f"{1000 * quantile(found, share):.0f} ms" for share in (0.1, 0.5, 0.9)]
        each = f"{middle(case, 'requests') / case['count']:.1f}"
        cpu = f"{1000 * middle(case, 'server_cpu') / case['count']:.0f} ms"
        rows.append((f"{case['wait']} s", *cells, str(len(found)), spread(case), each, cpu))
    titles = ("slot wait", "10 % are shorter", "median", "90 % are shorter", "gaps", "ratio", "requests", "server CPU")
    figure = """![A rising line for each slot wait: how many of the gaps between two tasks are no longer than so many
seconds.](benchmarks/handover.png)

"""
    return f"""## The hand-over

The gap from one task's end to the next one's start under a tag limit, for three values of
`PREFECT_SERVER_TASKS_TAG_CONCURRENCY_SLOT_WAIT_SECONDS`. A shorter wait asks more often: the last two columns are per
task run.

{figure if rows else ""}{table(titles, rows, 0) if rows else ABSENT}"""


def _not_run(data: Data) -> str:
    listed = "".join(f"- {one['what']}: {one['reason']}.\n" for one in data["not_run"])
    return f"## What was not run\n\n{listed or 'Everything was.' + chr(10)}"
