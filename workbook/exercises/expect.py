"""What graders expect of a run, each in the words that a learner reads when it is not so.

An expectation looks at an observation and returns nothing, or raises `NotYet`: what the tasks did, what was expected,
and the cause as far as the timeline gives it away.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TaskRun

from flows import warehouse
from workbook.diagnosis import diagnose
from workbook.exercises import NotYet
from workbook.limits import read_limit
from workbook.sandbox import Run, Strange
from workbook.timeline import Span, Timeline


def patiently(wanted: dict[str | None, int], run: Callable[[float], Run], seconds: float = 0.8) -> Run:
    """A run whose tasks take long enough to overlap as they should.

    Starting them all takes a moment, and so does handing over a slot; on a busy machine longer. A run in which they
    were there to overlap, and too few did, is done again with tasks of three times the length.

    Args:
        wanted: how many should run at once, by their tag; None stands for all tasks.
        run: runs the answer with tasks of so many seconds.
        seconds: for the first try.
    """
    seen = run(seconds)
    fell_short = any(_fell_short(seen.timeline.where(tag=tag), count) for tag, count in wanted.items())
    return run(3 * seconds) if fell_short else seen


def _fell_short(spans: Timeline, count: int) -> bool:
    """Did fewer than `count` run at once, although some overlapped, or all were there before the first had ended?"""
    first_end = min((span.end for span in spans if span.end is not None), default=0)
    return 0 < spans.peak < count and (spans.peak > 1 or all(span.created < first_end for span in spans))


def rows_of(indexes: Iterable[int]) -> list[list[dict[str, Any]]]:
    """The right answers of these queries, asked without any wait."""
    return [warehouse.query(index, seconds=0) for index in indexes]


def completed(seen: Run) -> None:
    """The flow ended well."""
    if not seen.state.is_completed():
        raise NotYet(f"Your flow ended {seen.state.name}: {seen.error or seen.state.message}", "It should complete.")


def result(seen: Run, wanted: Any, what: str = "the result") -> None:
    """The flow completed, and returned just this."""
    completed(seen)
    if seen.result == wanted:
        return
    expected = f"Expected was {_brief(wanted)}."
    if strange := _strange(seen.result):
        raise NotYet(
            f"Your flow returned {strange.type} where results should be.",
            expected,
            "A future is not its result: call .result() on it and return that." if "Future" in strange.type
            or "State" in strange.type else "Return plain values: numbers, text, lists, dicts.",
        )  # fmt: skip
    if seen.result is None:
        raise NotYet("Your flow returned nothing.", expected, "Is there a `return` at its end?")
    if isinstance(wanted, list) and isinstance(seen.result, list):
        if len(seen.result) != len(wanted):
            raise NotYet(f"Your flow returned {len(seen.result)} results.", f"Expected were {len(wanted)}.")
        if Counter(map(repr, seen.result)) == Counter(map(repr, wanted)):
            raise NotYet(
                "Your flow returned the right results in another order.",
                "They should come in the order of the arguments.",
                "Collect the futures in the order in which you submitted them: the order of finishing is chance.",
            )
    raise NotYet(f"Your flow returned {_brief(seen.result)} as {what}.", expected)


def task_runs(seen: Run, count: int, task: str | None = None) -> None:
    """So many task runs there were (of one task, if it is named)."""
    spans = seen.timeline.where(task=task)
    if len(spans) == count:
        return
    named = f" of {task!r}" if task else ""
    if not len(seen.timeline):
        _none_ran(f"{_runs(count)}{named}")
    raise NotYet(
        f"{_runs(len(spans))}{named} ran.",
        f"Expected {'was' if count == 1 else 'were'} {count}.",
        "Each piece of work is a task run of its own." if len(spans) < count else "Submit each piece of work once.",
    )


def asked_in_tasks(seen: Run, indexes: Sequence[int]) -> None:
    """Every one of these queries was asked once, inside a task run of its own, of this run."""
    inside_tasks(seen, indexes)
    asked = Counter(note.index for note in seen.asked)
    if twice := [index for index in indexes if asked[index] > list(indexes).count(index)]:
        raise NotYet(f"Query {twice[0]} was asked {asked[twice[0]]} times.", "Each should be asked once.")
    _unhurried(seen)
    homes = Counter(note.task_run_id for note in seen.asked)
    if max(homes.values(), default=1) > 1:
        raise NotYet(
            f"One task run asked {max(homes.values())} queries.", "Each query should have a task run of its own.",
            "What runs inside one task, in a loop or in threads, Prefect can neither see nor limit.",
        )  # fmt: skip


def inside_tasks(seen: Run, indexes: Collection[int]) -> None:
    """Every one of these queries was asked, once or more, and always inside a task run of this run."""
    ours = {span.id for span in seen.timeline}
    asked = {note.index for note in seen.asked}
    if outside := [note.index for note in seen.asked if note.task_run_id not in ours]:
        raise NotYet(
            f"Query {outside[0]} was asked outside of any task run that Prefect knows of.",
            "Every query should be asked inside a task.",
            "Call ask() in a function with @task above it, and nowhere else.",
        )
    if never := [index for index in indexes if index not in asked]:
        raise NotYet(
            f"Query {never[0]} was never asked.", "Your tasks should ask it with ask(index, seconds).",
            "A task that only sleeps, or returns what it remembers, does not count.",
        )  # fmt: skip


def tries(seen: Run, wanted: Mapping[int, int]) -> None:
    """Every query was asked just so often, in one task run of its own, by Prefect's own retries with a short delay.

    Args:
        seen: the run.
        wanted: how many tries, by query.
    """
    if not len(seen.timeline):
        _none_ran(_runs(len(wanted)))
    homes = {index: {note.task_run_id for note in seen.asked if note.index == index} for index in wanted}
    shared = Counter(home for index in wanted for home in homes[index] if home)
    if max(shared.values(), default=1) > 1:
        raise NotYet(
            f"One task run asked {max(shared.values())} queries.", "Each query should have a task run of its own.",
            "Or a failure of one repeats the others too.",
        )  # fmt: skip
    inside_tasks(seen, list(wanted))
    _unhurried(seen)
    asked = Counter(note.index for note in seen.asked)
    if again := [index for index, count in wanted.items() if count == 1 < asked[index]]:
        raise NotYet(
            f"Query {again[0]} was asked {asked[again[0]]} times, although the database did not hang up on it.",
            "Only the query that failed should be tried again.",
            "Retries belong on the task: those of the flow, or of a loop around it, repeat everything.",
        )
    if spread := [index for index in wanted if len(homes[index]) > 1]:
        raise NotYet(
            f"The tries of query {spread[0]} were {len(homes[spread[0]])} task runs.",
            "They should be tries of one task run.",
            "Let Prefect repeat the task run, @task(retries=…), instead of submitting or calling the task again.",
        )
    for index, count in wanted.items():
        if asked[index] != count:
            raise NotYet(
                f"Query {index}, on which the database hung up, was asked {asked[index]} "
                f"time{'s' if asked[index] > 1 else ''}.",
                f"It should have been {count}.",
                "retries=… on the task is the number of tries after the first.",
            )
    with get_client(sync_client=True) as client:
        for index, count in wanted.items():
            if count > 1:
                _retried_by_prefect(index, count, client.read_task_run(homes[index].pop()))


def _retried_by_prefect(index: int, count: int, record: TaskRun) -> None:
    if record.run_count < count:
        raise NotYet(
            f"Query {index} was asked {count} times, and Prefect counts {record.run_count} "
            f"run{'s' if record.run_count > 1 else ''} of its task.",
            "Each try should be one that Prefect knows of.",
            "A loop with try and except of your own leaves no trace in the records: let the error out of the task, and "
            "say @task(retries=…).",
        )
    delay = record.empirical_policy.retry_delay or 0
    delays = delay if isinstance(delay, list) else [delay]
    if not all(delays):
        raise NotYet(
            f"Query {index} was tried again at once.", "There should be a short delay before each try.",
            "Who has just hung up will do so again: retry_delay_seconds=0.1.",
        )  # fmt: skip
    if max(delays) > 1:
        raise NotYet(f"Your tasks wait {max(delays):g} s before they try again.", "0.1 s is enough here.")


def failed(seen: Run, queries: Sequence[int]) -> None:
    """The flow ended Failed, with a message that names these queries, and none that went well."""
    named = f"quer{'y' if len(queries) == 1 else 'ies'} {', '.join(map(str, queries))}"
    if seen.state.is_completed():
        raise NotYet(
            f"Your flow ended {seen.state.name}, although {named} failed for good.", "It should end Failed.",
            "An error that is caught, returned as a result, or left in a future whose .result() nobody calls, is lost.",
        )  # fmt: skip
    if not seen.state.is_failed():
        raise NotYet(f"Your flow ended {seen.state.name}: {seen.state.message}", "It should end Failed.")
    said = {int(number) for number in re.findall(r"\b\d+\b", seen.state.message or "")}
    well = {note.index for note in seen.asked} - set(queries)
    if missing := [index for index in queries if index not in said]:
        raise NotYet(
            f"Your flow failed, and its message does not name query {missing[0]}: {_brief(seen.state.message)}",
            f"It should name {named}.", "The error with which the flow ends is what is read in the morning.",
        )  # fmt: skip
    if wrongly := sorted(said & well):
        raise NotYet(
            f"Your flow's message names query {wrongly[0]}, which went well: {_brief(seen.state.message)}",
            f"It should name {named} only.",
        )


def peak(seen: Run, wanted: int, tag: str | None = None) -> None:
    """Just so many ran at once at the most (of those with a tag, if it is named)."""
    spans = _tagged(seen, tag)
    if spans.peak == wanted:
        return
    raise NotYet(
        f"At most {spans.peak} of your tasks ran at once.", f"It should have been {wanted}.", why(spans, wanted)
    )


def never_above(seen: Run, limit: int, tag: str | None = None) -> None:
    """Never more than so many ran at once (of those with a tag, if it is named)."""
    spans = _tagged(seen, tag)
    if spans.peak > limit:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once.", f"It should never have been more than {limit}.",
            why(spans, limit),
        )  # fmt: skip


def all_at_once(seen: Run, spans: Timeline | None = None) -> None:
    """All of these task runs (of the whole run, if none are named) overlapped."""
    spans = seen.timeline if spans is None else spans
    if spans.peak < len(spans):
        raise NotYet(
            f"At most {spans.peak} of {_runs(len(spans))} ran at once.",
            "All of them should have.",
            why(spans) or "Submit every one before you wait for any.",
        )


def all_before(first: Iterable[Span], second: Iterable[Span], first_name: str, second_name: str) -> None:
    """Every span of `first` had ended when any of `second` began."""
    first, second = list(first), list(second)
    if Timeline.before(first, second):
        return
    early = min((span for span in second if span.start is not None), key=lambda span: span.start)
    late = max(first, key=lambda span: float("inf") if span.end is None else span.end)
    raise NotYet(
        f"{early.name} began before {late.name} had ended.",
        f"{first_name} should end first, and only then {second_name} begin.",
        "Give the later task the earlier one's result, or name its future in wait_for, or collect it first.",
    )  # fmt: skip


def slots_returned(tag: str, patience: float = 5) -> None:
    """No slot of the tag's limit is still taken, after `patience` seconds at the latest."""
    until = time.monotonic() + patience
    while (limit := read_limit(tag)) and limit.active:
        if time.monotonic() > until:
            raise NotYet(
                f"The limit on {tag!r} still has {limit.active} of its slots taken.", "All should be free again."
            )
        time.sleep(0.05)  # between two looks


def _none_ran(expected: str) -> NoReturn:
    raise NotYet(
        "No task ran: Prefect knows of none in your flow.",
        f"Expected: {expected}.",
        "A plain function that is called, or threads of your own, are invisible to Prefect: put @task above the "
        "function and call .submit() on it inside the flow.",
    )


def _unhurried(seen: Run) -> None:
    if hurried := [note for note in seen.asked if note.ok and note.end - note.start < 0.9 * note.seconds]:
        raise NotYet(
            f"Query {hurried[0].index} came back before the database can have answered it.",
            f"It takes {hurried[0].seconds:g} s.", "Leave time.sleep and the clock as they are.",
        )  # fmt: skip


def why(timeline: Timeline, limit: int | None = None) -> str:
    """The first thing that the diagnosis has to say of a timeline; empty if it has none."""
    findings = diagnose(timeline, limit)
    return findings[0].text if findings else ""


def _tagged(seen: Run, tag: str | None) -> Timeline:
    spans = seen.timeline.where(tag=tag)
    if tag and not len(spans):
        tags = sorted({tag for span in seen.timeline for tag in span.tags})
        raise NotYet(
            f"None of your task runs has the tag {tag!r}{f'; their tags are {tags}' if tags else ''}.",
            f"The tasks should carry the tag {tag!r}.",
            "The server limits by the exact name of the tag: a task with another tag, or with none, runs free.",
        )
    return spans


def _strange(value: Any) -> Strange | None:
    if isinstance(value, Strange):
        return value
    parts = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return next((found for part in parts if (found := _strange(part))), None)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:90]} … ({len(text)} characters)"


def _runs(count: int) -> str:
    return "1 task run" if count == 1 else f"{count} task runs"
