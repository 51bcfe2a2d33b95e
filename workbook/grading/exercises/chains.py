"""The graders of exercises 1.1 and 1.3: a chain of three steps, and one such chain for each query."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from flows import warehouse
from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import in_flight, together
from workbook.timelines.timeline import Span, Timeline

SECONDS = 0.11  # of each query
CHAINS = 4  # in 1.3
NO_NUMBER = "ask() takes the number"  # how the error begins that ask() raises if it is given something else


def chain(answer: Answer) -> None:
    """Two first queries: the number of their rows is not the same modulo 10 and 20, and of one it is more than 20."""
    counts = [len(rows) for rows in expect.rows_of(range(len(warehouse.QUERIES)))]
    for most in answer.rng.sample([20, 100], 2):
        fit = [
            i for i, n in enumerate(counts) if n % 20 != i and (n > 20 if most > 20 else n < 20 and n % 20 != n % 10)
        ]
        _chained(answer, answer.rng.choice(fit))


def _chained(answer: Answer, index: int) -> None:
    rows = warehouse.query(index, seconds=0)
    last = len(rows) % 20
    seen = answer(index, SECONDS)
    asked = [query.index for query in seen.asked]
    error = str(seen.error or "")
    if index in asked and last not in asked and (len(asked) > 1 or NO_NUMBER in error):
        others = [other for other in asked if other != index]
        then = f"your flow ran query {others[0]}" if others else f"your flow ran query {index} again"
        if NO_NUMBER in error:
            then = f"your flow ended {seen.state.name}: {expect.brief(error)}"
        raise NotYet(
            f"Query {index} returned {len(rows)} rows, and then {then}.",
            f"It should have run query {last}, which is {len(rows)} modulo 20.",
            "Load was given a coroutine: put `await` before the call that made it." if "coroutine" in error
            else "Look at what your transform returns, and at what load is given.",
        )  # fmt: skip
    if seen.state.is_completed() and seen.result == rows:
        raise NotYet(
            "Your flow returned the rows that extract returned.",
            "It should return the rows that load returned.",
            "Look at the `return` of the flow.",
        )
    expect.result(seen, *expect.rows_of([last]), what="the rows of the last query")
    expect.asked_in_tasks(seen, [index, last], SECONDS)
    expect.nothing_else(seen, [index, last])
    extract, load = who_asked(seen, index), who_asked(seen, last)
    concurrency.all_before([extract], [load], "Extract", "load")
    if not _between(seen, extract, load):
        raise _no_transform(extract, load)


def _between(seen: Run, extract: Span, load: Span) -> list[Span]:
    """The other task runs that began after `extract` had ended, and had ended when `load` began."""
    others = ran(span for span in seen.timeline if span not in (extract, load))
    return [span for span in others if Timeline.before([extract], [span]) and Timeline.before([span], [load])]


def _no_transform(extract: Span, load: Span) -> NotYet:
    return NotYet(
        f"No task ran between {extract.name} and {load.name}.",
        "Transform should be a task too: it begins when extract has ended, and ends before load begins.",
        "Put `@task` above transform and call or submit it in the flow, not inside another task. Prefect doesn't see a "
        "plain function.",
    )


def who_asked(seen: Run, index: int) -> Span:
    (span,) = expect.queried(seen, [index])
    return span


# ----------------------------------------
# 1.3 A chain for each query


def chains(answer: Answer) -> None:
    """All extracts meet. In a second run two of them are held until the load of another chain has come.

    One of these chains comes before the one that it is held for and the other after it, so no order of collecting will
    do: each step may wait for the step before it and for nothing else.
    """
    for held in (False, True):
        indexes, lasts = _apart(answer)
        pairs = [(0, 3), (2, 1)]  # the extract of the one is held until the load of the other has come
        gate = answer.gate(*([([indexes[late], lasts[early]], 2)] for late, early in pairs)) if held else answer.gate(
            [(indexes, CHAINS)]
        )  # fmt: skip
        seen = answer(indexes, SECONDS, gate=gate)
        _own_numbers(seen, indexes, lasts)
        ends = {last: f"the end of the chain of query {index}" for index, last in zip(indexes, lasts, strict=True)}
        expect.in_order(seen, seen.result, lasts, ends.__getitem__)
        expect.result(seen, expect.rows_of(lasts))
        _own_tasks(seen, indexes, lasts)
        if not held:
            _all_begin(seen, indexes, lasts)
        for late, early in pairs if held else ():
            _own_pace(seen, (indexes[late], lasts[late]), (indexes[early], lasts[early]))


def _apart(answer: Answer) -> tuple[list[int], list[int]]:
    """Four first queries, and those that their chains lead to: eight different ones."""
    counts = [len(rows) for rows in expect.rows_of(range(len(warehouse.QUERIES)))]
    while True:
        indexes = answer.rng.sample(range(20), CHAINS)
        lasts = [counts[index] % 20 for index in indexes]
        if len({*indexes, *lasts}) == 2 * CHAINS:
            return indexes, lasts


def _own_numbers(seen: Run, indexes: list[int], lasts: list[int]) -> None:
    """Every load was given the number of a chain of its own."""
    if "depending on itself" in str(seen.error):
        raise NotYet(
            f"One of your tasks waits for its own future, so Prefect stopped the flow: {seen.error}",
            "A step should wait only for the step before it in its own chain.",
            "A list that you give to a task, or to `wait_for`, may hold the task's own future by the time it begins: "
            "pass one future, not the list.",
        )
    asked = Counter(query.index for query in seen.asked)
    never = [(index, last) for index, last in zip(indexes, lasts, strict=True) if not asked[last]]
    instead = sorted((asked - Counter([*indexes, *lasts])).elements())
    if not (never and instead and all(asked[index] for index in indexes)):
        return
    index, last = never[0]
    if instead[0] in lasts:
        raise NotYet(
            f"{asked[instead[0]]} loads ran query {instead[0]}, and none ran query {last}.",
            f"Query {instead[0]} is the end of the chain of query {indexes[lasts.index(instead[0])]}; the chain of "
            f"query {index} should end with query {last}.",
            "Give each load the future of the transform in its own chain.",
        )
    rows = len(warehouse.query(index, seconds=0))
    raise NotYet(
        f"Query {index} returned {rows} rows, but no load ran query {last}; one ran query {instead[0]}.",
        f"The chain of query {index} should end with query {last}, which is {rows} modulo 20.",
        "Look at what your transform is given and what it returns, and at what load is given.",
    )


def _own_tasks(seen: Run, indexes: list[int], lasts: list[int]) -> None:
    """Every extract, transform and load was a task run of its own, each after the one before."""
    homes = {query.index: query.task_run_id for query in seen.asked}
    names = {span.id: span.name for span in seen.timeline}
    for index, last in zip(indexes, lasts, strict=True):
        if homes.get(index) in names and homes[index] == homes.get(last):
            raise NotYet(
                f"{names[homes[index]]} ran both query {index} and query {last}: a whole chain in one task.",
                "Each step should have its own task run.",
                "Prefect can order, retry and show only tasks. Submit extract, transform and load in "
                "the flow, and give each the future of the one before.",
            )
    expect.asked_in_tasks(seen, [*indexes, *lasts], SECONDS)
    expect.nothing_else(seen, {*indexes, *lasts})
    between: set[str] = set()
    for index, last in zip(indexes, lasts, strict=True):
        extract, load = who_asked(seen, index), who_asked(seen, last)
        concurrency.all_before([extract], [load], "Extract", "load")
        found = {span.id for span in _between(seen, extract, load)}
        if not found:
            raise _no_transform(extract, load)
        between |= found
    if len(between) < CHAINS:
        raise NotYet(
            f"Between the extracts and the loads {len(between)} task{' ran' if len(between) == 1 else 's ran'}.",
            f"It should have been {CHAINS}, a transform for each chain.",
            "A transform that is given the rows of all chains has to wait for all of them.",
        )


def _all_begin(seen: Run, indexes: Sequence[int], lasts: Sequence[int]) -> None:
    """All extracts were in flight together."""
    if together(seen.asked, [(indexes, len(indexes))]):
        return
    chains = [(who_asked(seen, index), who_asked(seen, last)) for index, last in zip(indexes, lasts, strict=True)]
    chains.sort(key=lambda chain: chain[0].start)
    if all(Timeline.before([load], [extract]) for (_, load), (extract, _) in pairwise(chains)):
        raise NotYet(
            f"Your chains ran one after another: {chains[1][0].name} began after {chains[0][1].name}, the end of "
            "another chain.",
            f"All {len(chains)} chains should run at the same time.",
            _given(seen, chains[1][0], chains[0][1])
            or "Look for `.result()` inside the loop, or `.wait()` or `await`, also in a function that the loop calls, "
            "for a task that is called instead of submitted, and for a generator that submits only as you collect: the "
            "flow waits there, and the next chain can't begin.",
        )
    spans = expect.queried(seen, indexes)
    if spans.peak < len(indexes):
        raise NotYet(
            f"At most {spans.peak} of your {len(indexes)} extracts ran at the same time.",
            "All of them should: no chain needs anything from another.",
            concurrency.held_back(spans),
        )
    raise NotYet(
        f"Your {len(indexes)} extracts ran at the same time, but at most {in_flight(seen.asked, indexes)} of their "
        "queries.",
        f"All {len(indexes)} queries should run at the same time.",
        concurrency.WAITS_INSIDE,
    )


def _own_pace(seen: Run, late: tuple[int, int], early: tuple[int, int]) -> None:
    """The load of the early chain was in flight together with the extract of the late one."""
    if together(seen.asked, [([late[0], early[1]], 2)]):
        return
    held, extract, load = (who_asked(seen, index) for index in (late[0], *early))
    if load.start < held.end:
        raise NotYet(
            f"{load.name} and {held.name} ran at the same time, but their queries one after the other.",
            "Queries of different chains should be able to run at the same time.",
            concurrency.WAITS_INSIDE,
        )
    transforms = [span for span in _between(seen, extract, load) if extract.id in span.parents]
    step = next((span for span in transforms if span.start >= held.end), load)
    raise NotYet(
        f"{step.name}, a step in the chain of query {early[0]}, began only after {held.name}, the extract of query "
        f"{late[0]}, had ended.",
        "A step should wait for the step before it in its own chain, and for no other chain.",
        _given(seen, step, held)
        or "Look for `.result()`, `wait()` or `await` between one step and the next, and for a task that is called "
        "instead of submitted: pass the future itself to the next task. A task runner with few workers holds back too.",
    )


def _given(seen: Run, span: Span, other: Span) -> str:
    """That one task run waited for a future of another, if Prefect has recorded that; empty if it has not."""
    spans = {one.id: one for one in seen.timeline}
    known: set[str] = set()
    ahead = [span]
    while ahead:
        parents = ahead.pop().parents & spans.keys() - known
        known |= parents
        ahead += [spans[parent] for parent in parents]
    if other.id not in known:
        return ""
    return (
        f"{span.name} was given a future of that other chain, as an argument or in `wait_for`: give each step only the "
        "future of the step before it."
    )


def ran(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if span.start is not None]
