"""What graders expect of nearly every run: its result, and that each query ran in its own task run.

An expectation looks at a run and returns nothing, or raises `NotYet`: what the tasks did, what was expected, and the
cause as far as the timeline gives it away. What ran at once is in `concurrency.py`, what fails in `failures.py`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client

from flows import warehouse
from workbook.grading.evidence import OpaqueValue, Run
from workbook.grading.model import NotYet
from workbook.timelines.timeline import Span, Timeline

# ----------------------------------------
# The result


def rows_of(indexes: Iterable[int]) -> list[list[dict[str, Any]]]:
    """The right answers of these queries, asked without any wait."""
    return [warehouse.query(index, seconds=0) for index in indexes]


FUTURE = "'PrefectConcurrentFuture'"  # in Python's own message, if one is used as what it isn't


def completed(seen: Run) -> None:
    """The flow ended well."""
    failed = [span for span in seen.timeline if span.state == "FAILED"]
    if failed and "UnfinishedRun" in str(seen.error):  # which doesn't say which task run it waited for
        raise NotYet(
            f"{failed[0].name:.60} failed, and what needs its result never began: {last_words(failed[0])}",
            "All your tasks should complete.",
            "Look at what that task is given, and at what it does with it.",
        )
    if not seen.state.is_completed():
        error = f"{seen.error or seen.state.message}"
        raise NotYet(
            f"Your flow ended {seen.state.name}: {error}", "It should complete.",
            "A future isn't its result: call `.result()` on it, or pass it to a task." if FUTURE in error
            else "Your flow returned states of tasks that had not ended: return the results of their futures."
            if "states are not final" in error else "",
        )  # fmt: skip


def result(seen: Run, wanted: Any, what: str = "") -> None:
    """The flow completed, and returned just this; `what` it is called, such as "the number of rows"."""
    completed(seen)
    if seen.result == wanted:
        return
    expected = f"It should return {brief(wanted)}."
    if opaque := _opaque(seen.result):
        instead = "Return plain values: numbers, text, lists, dicts."
        if "Future" in opaque.type:
            instead = "A future is not its result: call `.result()` on it and return that."
        elif "State" in opaque.type:  # which Prefect also puts in the place of a future that is returned
            instead = "A state is no result. If you return a future, call `.result()` on it and return that."
        elif opaque.type in ("generator", "map", "filter"):
            instead = "It hands out its items only when they are asked for: make a list of them, inside the flow."
        elif opaque.type == "coroutine":
            instead = "Calling an `async def` function only makes a coroutine: put `await` before it."
        raise NotYet(f"Your flow returned {opaque.type} where results should be.", expected, instead)
    if seen.result is None:
        raise NotYet(
            "Your flow returned nothing.", expected,
            "Is there a `return` at its end, with a value? (`print()` and `.wait()` return nothing themselves.)",
        )  # fmt: skip
    if isinstance(wanted, list) and isinstance(seen.result, list):
        if wanted and seen.result == [row for part in wanted if isinstance(part, list) for row in part]:
            raise NotYet(
                f"{what.capitalize() or 'What your flow returned'} holds all rows in one list.",
                f"It should hold {len(wanted)} lists, with the rows of one query each.",
                "`append` keeps the rows of a query together; `extend` and `+=` don't." if len(wanted) > 1 else "",
            )
        if len(seen.result) != len(wanted):
            raise NotYet(
                f"{f'As {what}, your' if what else 'Your'} flow returned {len(seen.result)} "
                f"result{'' if len(seen.result) == 1 else 's'}.",
                f"It should return {len(wanted)}.",
                "Return what is in that list, not a list around it. (A flow with `yield` makes such a list.)"
                if seen.result == [wanted]
                else "",
            )
        if Counter(map(repr, seen.result)) == Counter(map(repr, wanted)):
            raise NotYet(
                "Your flow returned the right results in another order.",
                "They should come in the order of the arguments.",
                "Submit in that order, keep the futures in a list, and collect in the order of the list.",
            )
    if isinstance(wanted, dict) and isinstance(seen.result, dict) and seen.result.keys() == wanted.keys():
        key = next(key for key in wanted if seen.result[key] != wanted[key])
        whose = next((other for other in wanted if seen.result[key] == wanted[other]), None)
        raise NotYet(
            f"In the dict that your flow returned, {key!r} is {brief(seen.result[key])}.",
            f"It should be {brief(wanted[key])}.",
            f"What you have there belongs to {whose!r}." if whose is not None else "",
        )
    if isinstance(wanted, dict) and isinstance(seen.result, dict):
        raise NotYet(
            f"The dict that your flow returned has the keys {brief(list(seen.result))}.",
            f"They should be {brief(list(wanted))}, in every run.",
        )
    place, found, instead = _difference(seen.result, wanted)
    if place and isinstance(found, list) and isinstance(instead, list):
        raise NotYet(
            f"In what your flow returned, `{place}` is a list of {len(found)}.", f"It should be one of {len(instead)}."
        )
    if place:
        raise NotYet(f"In what your flow returned, `{place}` is {brief(found)}.", f"It should be {brief(instead)}.")
    raise NotYet(f"Your flow returned {brief(seen.result)}{f' as {what}' if what else ''}.", expected)


def _difference(found: Any, wanted: Any, place: str = "") -> tuple[str, Any, Any]:
    """The first place in lists of the same length at which they differ, as "[0][2]", and what is there in both."""
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, (part, other) in enumerate(zip(found, wanted, strict=True)):
            if part != other:
                return _difference(part, other, f"{place}[{number}]")
    return place, found, wanted


def in_order(seen: Run, found: Any, indexes: Sequence[int], named: Callable[[int], str] = "query {}".format) -> None:
    """A list of the right rows has them in the order of `indexes`; says which order it is, if it is another.

    `named` says what a query's rows are called in the message.
    """
    rows = rows_of(indexes)
    if not isinstance(found, list) or found == rows or Counter(map(repr, found)) != Counter(map(repr, rows)):
        return
    order = [indexes[rows.index(part)] for part in found]
    ends = {query.index: span.end for query in seen.asked for span in seen.timeline if span.id == query.task_run_id}
    finished = sorted(indexes, key=lambda index: ends.get(index) or 0.0)
    known = {"in the order in which your tasks ended": finished, "sorted by the number of their query": sorted(indexes),
             "in reverse": list(reversed(indexes))}  # fmt: skip
    which = next((name for name, other in known.items() if other == order), "in another order")
    place = next(place for place, part in enumerate(found) if part != rows[place])
    raise NotYet(
        f"Your flow returned the right results {which}: {named(order[place])} is at place {place + 1}.",
        f"They should come in the order of `indexes`, with {named(indexes[place])} there.",
        "Go through your own list, in the order of `indexes`: `sorted()` and sets don't keep it."
        if "sorted" in which else
        "Go through your own list of futures, in the order in which you submitted them; `as_completed()` and `wait()` "
        "don't keep it.",
    )  # fmt: skip


def brief(value: Any) -> str:
    """A value in a message, cut short if it is long."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:90]} … ({len(text)} characters)"


def _opaque(value: Any) -> OpaqueValue | None:
    if isinstance(value, OpaqueValue):
        return value
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return next((found for part in parts if (found := _opaque(part))), None)


NEVER_AWAITED = "was never awaited"  # in Python's own warning
AWAIT_OR_SYNC = (
    "Python warned that a coroutine was never awaited. Use `get_client(sync_client=True)`: its methods need no `await`."
)

# ----------------------------------------
# The queries


def asked_in_tasks(seen: Run, indexes: Sequence[int], seconds: float | None = None) -> None:
    """Every one of these queries ran once, for so many seconds, inside its own task run of this flow run."""
    inside_tasks(seen, indexes)
    asked = Counter(query.index for query in seen.asked)
    if twice := [index for index in indexes if asked[index] > list(indexes).count(index)]:
        raise NotYet(f"Query {twice[0]} ran {asked[twice[0]]} times.", "Each should run once.")
    took(seen, seconds)
    homes = Counter(home for home, _ in {(query.task_run_id, query.index) for query in seen.asked})
    if max(homes.values(), default=1) > 1:
        raise NotYet(
            f"One task run ran {max(homes.values())} queries.", "Each query should have its own task run.",
            "What runs inside one task, in a loop or in threads, Prefect can neither see nor limit.",
        )  # fmt: skip


def inside_tasks(seen: Run, indexes: Collection[int]) -> None:
    """Every one of these queries was asked, once or more, and always inside a task run of this run."""
    ours = {span.id for span in seen.timeline}
    asked = {query.index for query in seen.asked}
    some_task_ran(seen, len(indexes))
    if lost := seen.strangers:
        raise NotYet(
            f"Query {lost[0].index} ran in a thread that Prefect doesn't know, so it belongs to no task run.",
            "Every query should run inside a task.",
            "Threads of your own, and loop.run_in_executor, leave Prefect's context behind: submit tasks, or use "
            "`asyncio.to_thread` inside an async task.",
        )
    # A task run in another process may be ended with its flow run before Prefect has a record of it.
    flows = seen.timeline.around.flows
    homes = {query.task_run_id for query in seen.asked if query.task_run_id and query.flow_run_id in flows}
    if outside := [query.index for query in seen.asked if query.task_run_id not in ours | homes]:
        _all_recorded(seen)
        raise NotYet(
            f"Query {outside[0]} ran outside any task run that Prefect knows of.",
            "Every query should run inside a task.",
            "Call `ask()` in a function with `@task` above it, and nowhere else.",
        )
    if never := [index for index in indexes if index not in asked]:
        if failed := [span for span in seen.timeline if span.state == "FAILED"]:
            raise NotYet(
                f"Query {never[0]} never ran, and the task run {failed[0].name} failed: {last_words(failed[0])}.",
                "Your tasks should run it with `ask(index, seconds)`.",
            )
        if seen.error and not seen.state.is_completed():
            raise NotYet(
                f"Query {never[0]} never ran, and your flow ended {seen.state.name}: {seen.error}",
                "Your tasks should run it with `ask(index, seconds)`.",
                "What has not begun when the flow ends is dropped.",
            )
        raise NotYet(
            f"Query {never[0]} never ran.", "Your tasks should run it with `ask(index, seconds)`.",
            "A task that only sleeps, or returns what it remembers, doesn't count.",
        )  # fmt: skip


def last_words(span: Span) -> str:
    """The message of the state in which a task run ended, as Prefect recorded it."""
    with get_client(sync_client=True) as client:
        state = client.read_task_run(UUID(span.id)).state
    return brief((state and state.message) or "no message")


def last_message(seen: Run) -> str:
    """The message with which a flow run ended, shortened, without Prefect's own words before it."""
    return brief((seen.state.message or "").removeprefix("Flow run encountered an exception: "))


def some_task_ran(seen: Run, expected: int) -> None:
    """Prefect knows of a task run, if any are expected."""
    if expected and not len(seen.timeline):
        _all_recorded(seen)
        if seen.error and not seen.state.is_completed() and not seen.asked:
            raise NotYet(
                f"Your flow ended {seen.state.name} before any task ran: {seen.error}",
                f"There should be {expected} task run{'s' if expected > 1 else ''}.",
            )
        raise NotYet(
            "No task ran: Prefect knows of none in your flow.",
            f"There should be {expected} task run{'s' if expected > 1 else ''}.",
            "Prefect doesn't see a plain function, what `.fn` calls, or threads of your own: put `@task` above the "
            "function, and call or submit the task inside the flow.",
        )


def _all_recorded(seen: Run) -> None:
    """Prefect has the record of every task run that is known to have run."""
    if seen.missing:
        raise NotYet(
            f"{seen.missing} of your task runs ran, but their records never reached the server.",
            "Each should have one.",
            "If your answer doesn't end its own process or threads, this isn't your mistake: check again.",
        )


def took(seen: Run, seconds: float | None) -> None:
    """Every query was told to take so many seconds (None: that does not matter), and took them."""
    if other := [query for query in seen.asked if seconds is not None and query.seconds != seconds]:
        raise NotYet(
            f"Query {other[0].index} was told to take {other[0].seconds:g} s.",
            f"The flow's argument `seconds` was {seconds:g}.",
            "Pass it on: `ask(index, seconds)`.",
        )
    _unhurried(seen)


def _unhurried(seen: Run) -> None:
    if hurried := [query for query in seen.asked if not query.error and query.end - query.start < 0.9 * query.seconds]:
        raise NotYet(
            f"Query {hurried[0].index} came back before the database could have answered.",
            f"It takes {hurried[0].seconds:g} s.", "Leave time.sleep and the clock as they are.",
        )  # fmt: skip


def nothing_else(seen: Run, indexes: Collection[int]) -> None:
    """No query ran but these."""
    if others := sorted({query.index for query in seen.asked} - set(indexes)):
        raise NotYet(
            f"Your flow ran query {others[0]}, which it wasn't given.", "It should run only what it is given.",
            "Look at what you pass to `ask()`.",
        )  # fmt: skip


def queried(seen: Run, indexes: Collection[int]) -> Timeline:
    """The timeline of the task runs in which these queries ran, and of no others."""
    homes = {query.task_run_id for query in seen.asked if query.index in indexes}
    spans = tuple(span for span in seen.timeline if span.id in homes)
    return replace(seen.timeline, spans=spans, until=seen.timeline.now)
