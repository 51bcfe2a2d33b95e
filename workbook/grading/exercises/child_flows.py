"""The grader of exercise 8.2: a child flow run for each region."""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun

from workbook.grading.evidence import OpaqueValue, Run
from workbook.grading.exercises import expect
from workbook.grading.exercises.beside import beside, took
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import together
from workbook.lessons.query_records import QueryRecord, read_records

SECONDS = 0.11  # of each query

# What Python says of a flow that mixes up calls, coroutines and futures, and what to do about it.
MIX_UPS = {
    r"'list' object is not callable": "`asyncio.to_thread(ask(…))` calls `ask()` first, and passes on its rows. Pass "
    "the function and its arguments separately: `asyncio.to_thread(ask, index, seconds)`.",
    r"'coroutine'": "Calling an `async def` function only makes a coroutine: `await` runs it and gives you its result.",
    r"'_asyncio\.Future'": "`run_in_executor()` gives you a future of asyncio, not the result: `await` it.",
    r"'Flow' object has no attribute '(submit|map)'": "A flow has no `submit` and no `map`: pass it to "
    "`asyncio.to_thread`, or call it in a task that you submit.",
    r"PrefectConcurrentFuture can't be used in 'await'": "A future isn't a coroutine: call `.result()` on it, or await "
    "the task itself, without submit.",
    r"coroutine or an awaitable|unhashable type|can't be used in 'await'": "`await` and `gather()` need coroutines. If "
    "you call a plain task or flow, it runs to its end at that moment. Pass the function itself to "
    "`asyncio.to_thread`, without calling it, or submit a task. A future from submit or map isn't a coroutine either: "
    "call `.result()` on it, or gather the task's calls without submit.",
}


def mixed_up(seen: Run) -> None:
    """Nothing was called that should have been awaited, or the other way round."""
    error = str(seen.error or seen.state.message or "")
    if not seen.state.is_completed() and error.startswith(("TypeError", "AttributeError")):
        for pattern, why in MIX_UPS.items():
            if re.search(pattern, error):
                raise NotYet(f"Your flow ended {seen.state.name}: {error.rstrip('.')}.", "It should complete.", why)
    parts = seen.result if isinstance(seen.result, list) else [seen.result]
    parts = list(seen.result.values()) if isinstance(seen.result, dict) else parts
    if any(isinstance(part, OpaqueValue) and part.type in ("coroutine", "Task", "_GatheringFuture") for part in parts):
        raise NotYet(
            "Your flow returned coroutines, and nothing ran them.",
            "It should return results.",
            "`await` runs one coroutine, and `await asyncio.gather(…)` runs several at once.",
        )


NAMES = ("north", "south", "east", "west", "harbour", "hills", "islands", "valley")


def a_child_for_each(answer: Answer) -> None:
    _all_well(answer)
    _two_fail(answer, first="well")
    _two_fail(answer, first="badly")


def _all_well(answer: Answer) -> None:
    """Three or four regions, and a query of each in flight at the same moment."""
    names = answer.rng.sample(NAMES, answer.rng.randint(3, 4))
    numbers = iter(answer.rng.sample(range(20), 2 * len(names)))
    regions = {name: [next(numbers) for _ in range(answer.rng.randint(1, 2))] for name in names}
    indexes = [index for part in regions.values() for index in part]
    meeting = [(part, 1) for part in regions.values()]
    seen = answer(regions, SECONDS, gate=answer.gate(meeting))
    mixed_up(seen)
    homes = _homes(seen, regions)
    rows = {name: expect.rows_of(part) for name, part in regions.items()}
    if isinstance(seen.result, list) and seen.result == list(rows.values()):
        raise NotYet(
            "Your flow returned a list.", "It should return the rows by region, as {region: rows}.",
            "`dict(zip(regions, …))` puts the two together: `gather()` keeps the order.",
        )  # fmt: skip
    expect.result(seen, rows)
    expect.asked_in_tasks(seen, indexes, SECONDS)
    expect.nothing_else(seen, indexes)
    for name, child in homes.items():
        if name not in child.parameters.values():
            raise NotYet(
                f"The child flow run with the queries {regions[name]} has the parameters "
                f"{expect.brief({key: value for key, value in child.parameters.items() if key != 'seconds'})}.",
                f"Its region should be {name!r}.",
                "Pass on the name: region_report(region, indexes, seconds).",
            )
    if not together(seen.asked, meeting):
        _held_back(seen, homes)


def _homes(seen: Run, regions: Mapping[str, list[int]]) -> dict[str, FlowRun]:
    """The child flow run in which the queries of each region ran; each region has its own."""
    root, known, found = str(seen.flow_run_id), seen.timeline.around.flows, {}
    with get_client(sync_client=True) as client:
        for name, indexes in regions.items():
            asked = [query for query in seen.asked if query.index in indexes and query.flow_run_id]
            homes = {query.flow_run_id for query in asked}
            if root in homes:
                raise NotYet(
                    f"Query {asked[0].index} ran in the parent flow run itself.",
                    f"It should run in a child flow run, the report of {name!r}.",
                    "Call region_report itself: `.fn`, or tasks that you call in the parent, make no child flow run.",
                )
            if lost := sorted(homes - known.keys()):
                run = client.read_flow_run(UUID(lost[0]))
                raise NotYet(
                    f"The flow run {run.name!r} isn't a child of your flow run.",
                    "Every report should be one.",
                    "A thread that you start yourself doesn't know your flow: use `asyncio.to_thread`, which takes the "
                    "context along, or call the child in a task that you submit.",
                )
            if len(homes) > 1:
                raise NotYet(
                    f"The queries of {name!r} ran in {len(homes)} child flow runs.",
                    "Each region should have one.", "Pass all queries of a region to one call of region_report.",
                )  # fmt: skip
            if homes:
                found[name] = client.read_flow_run(UUID(homes.pop()))
    shared = {run.id: [name for name in found if found[name].id == run.id] for run in found.values()}
    if several := [names for names in shared.values() if len(names) > 1]:
        raise NotYet(
            f"The reports of {' and '.join(several[0][:2])} were one child flow run.",
            "Each region should have its own.", "Call region_report once for each region.",
        )  # fmt: skip
    return found


def _held_back(seen: Run, homes: Mapping[str, FlowRun]) -> None:
    children = sorted(homes.values(), key=lambda run: run.start_time)
    expected = f"All {len(homes)} child flows should run at the same time."
    pairs = list(pairwise(children))
    if pairs and all(one.end_time <= other.start_time for one, other in pairs):
        raise NotYet(
            "Your child flows ran one after another.", expected,
            "A call of a plain flow, and an `await` in a loop, wait for its end. Start all of them first, with "
            "`asyncio.gather()` over `asyncio.to_thread(…)`, or as tasks that you submit.",
        )  # fmt: skip
    moments = [query.start for query in seen.asked]
    most = max(
        len({query.flow_run_id for query in seen.asked if query.start <= moment < query.end}) for moment in moments
    )
    raise NotYet(
        f"At most {most} of your child flows ran a query at the same time.", expected,
        "Look for a semaphore, a pool with few threads, or a blocking call, as `.result()`, in an async child flow.",
    )  # fmt: skip


def _two_fail(answer: Answer, first: str) -> None:
    """Two regions have a query that doesn't exist, and one that goes well is held until both have failed.

    It is the first of all, or comes second, after one that fails: waiting for only some of them isn't enough.
    """
    names = answer.rng.sample(NAMES, 4)
    missing, numbers = answer.rng.sample(range(20, 99), 2), answer.rng.sample(range(20), 2)
    well, badly = names[:2], names[2:]
    queries = dict(zip([*well, *badly], [[number] for number in numbers + missing], strict=True))
    order = [names[0], *answer.rng.sample(names[1:], 3)] if first == "well" else [badly[0], well[0], badly[1], well[1]]
    regions = {name: queries[name] for name in order}
    seen = _with_one_held(answer, regions, numbers[0], missing)
    listed = " and ".join(name for name in regions if name in badly)
    if seen.state.is_completed():
        raise NotYet(
            f"Your flow ended {seen.state.name}, although the reports of {listed} failed.",
            "It should fail, after all others have finished.",
            "An error is lost if you catch it or take it for a result: look at what came back, and raise.",
        )
    _all_finished(seen, regions, well)
    if not seen.state.is_failed():
        raise NotYet(f"Your flow ended {seen.state.name}: {seen.state.message}.", "It should end Failed.")
    _named(seen, [name for name in regions if name in badly], well)


def _with_one_held(answer: Answer, regions: dict[str, list[int]], held: int, missing: list[int]) -> Run:
    """Run the answer with one query held at a gate until the reports with missing queries have ended.

    It is held a while longer, unless the flow has ended by then: what an answer does at once because of a failure, it
    does before the held query has ended.
    """
    gate = Path(answer.gate([([held], 2)]))  # waits for one more than will ever come

    def reports_have_failed() -> bool:
        failed = [query for query in _recorded(answer) if query.index in missing]
        came = (gate / "first").exists() and len(failed) >= len(missing)
        return came and _ended(query.flow_run_id for query in failed)

    root = answer.folder / "flow_run"
    with beside(answer, regions, SECONDS, gate=gate) as run:
        if run.until(reports_have_failed):
            run.until(lambda: _ended([root.read_text(encoding="utf-8")]), max(1.0, 3 * took(gate)))
            (gate / "open").touch()
        return run.result()


def _recorded(answer: Answer) -> list[QueryRecord]:
    try:
        return read_records(answer.folder / "queries.jsonl")
    except ValueError:  # half a line
        return []


def _ended(flow_run_ids: Iterable[str | None]) -> bool:
    """Whether these flow runs have ended, as far as they are known."""
    with get_client(sync_client=True) as client:
        states = [client.read_flow_run(UUID(found)).state for found in flow_run_ids if found]
    return all(state and state.is_final() for state in states)


def _all_finished(seen: Run, regions: Mapping[str, list[int]], well: list[str]) -> None:
    """The reports without a missing query ended Completed, and the parent after them."""
    expected = "All other reports should finish, and only then should your flow fail."
    gather = (
        "`asyncio.gather()` passes the first error on at once, and a task group cancels the others; with "
        "`return_exceptions=True`, `gather()` waits for all. With futures, wait for all before you call `.result()`."
    )
    homes = _homes(seen, regions)
    for name in well:
        if name not in homes:
            raise NotYet(f"One report failed, and the report of {name!r} never began.", expected, gather)
        state = homes[name].state
        if not state.is_completed():
            still = "is still" if not state.is_final() else "ended"
            raise NotYet(
                f"One report failed, and your flow didn't wait for {name!r}: its flow run {still} {state.name}.",
                expected, gather,
            )  # fmt: skip
        if seen.timeline.end is not None and homes[name].end_time.timestamp() > seen.timeline.end:
            raise NotYet(f"Your flow failed while the report of {name!r} was still running.", expected, gather)


def _named(seen: Run, badly: list[str], well: list[str]) -> None:
    text = seen.state.message or ""
    words = {word.lower() for word in re.findall(r"[^\W_]+", text)}
    named = [name for name in [*badly, *well] if name in words]
    expected = f"It should name {' and '.join(badly)}, whose reports failed, and no other region."
    if unnamed := [name for name in badly if name not in named]:
        raise NotYet(
            f"Your flow failed with an error that doesn't name {unnamed[0]!r}: {expect.last_message(seen)}.", expected,
            "Collect the names of all regions whose report failed. (With `return_exceptions=True`, `gather()` puts the "
            "error where that region's rows would be.)",
        )  # fmt: skip
    if wrongly := [name for name in well if name in named]:
        raise NotYet(
            f"Your flow's error names {wrongly[0]!r}, whose report went well: {expect.last_message(seen)}.", expected,
            "`isinstance(rows, Exception)` tells an error from rows. And `gather()` keeps the order of the regions; "
            "`as_completed()` doesn't.",
        )  # fmt: skip
