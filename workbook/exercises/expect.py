"""What graders expect of a run, each in the words that a learner reads when it is not so.

An expectation looks at an observation and returns nothing, or raises `NotYet`: what the tasks did, what was expected,
and the cause as far as the timeline gives it away.
"""

import random
import re
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NoReturn
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TaskRun

from flows import warehouse
from workbook.diagnosis import diagnose
from workbook.exercises import NotYet
from workbook.limits import read_limit
from workbook.sandbox import Run, Strange
from workbook.timeline import Span, Timeline
from workbook.work import Meeting, in_flight, together


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


def asked_in_tasks(seen: Run, indexes: Sequence[int], seconds: float | None = None) -> None:
    """Every one of these queries ran once, for so many seconds, inside its own task run of this flow run."""
    inside_tasks(seen, indexes)
    asked = Counter(note.index for note in seen.asked)
    if twice := [index for index in indexes if asked[index] > list(indexes).count(index)]:
        raise NotYet(f"Query {twice[0]} ran {asked[twice[0]]} times.", "Each should run once.")
    took(seen, seconds)
    homes = Counter(home for home, _ in {(note.task_run_id, note.index) for note in seen.asked})
    if max(homes.values(), default=1) > 1:
        raise NotYet(
            f"One task run asked {max(homes.values())} queries.", "Each query should have a task run of its own.",
            "What runs inside one task, in a loop or in threads, Prefect can neither see nor limit.",
        )  # fmt: skip


def took(seen: Run, seconds: float | None) -> None:
    """Every query was told to take so many seconds (None: that does not matter), and took them."""
    if other := [note for note in seen.asked if seconds is not None and note.seconds != seconds]:
        raise NotYet(
            f"Query {other[0].index} was asked to take {other[0].seconds:g} s.",
            f"The flow's argument `seconds` was {seconds:g}.",
            "Pass it on: ask(index, seconds).",
        )
    _unhurried(seen)


def inside_tasks(seen: Run, indexes: Collection[int]) -> None:
    """Every one of these queries was asked, once or more, and always inside a task run of this run."""
    ours = {span.id for span in seen.timeline}
    asked = {note.index for note in seen.asked}
    if not len(seen.timeline) and indexes:
        _none_ran(_runs(len(indexes)))
    if lost := seen.strangers:
        raise NotYet(
            f"Query {lost[0].index} ran in a thread of which Prefect knows nothing, so no task run can be told for it.",
            "Every query should run inside a task.",
            "Threads of your own, and loop.run_in_executor, leave Prefect's context behind: submit tasks, or use "
            "asyncio.to_thread inside an async task.",
        )
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


def tries(seen: Run, wanted: Mapping[int, int], seconds: float | None = None) -> None:
    """Every query was asked just so often, in one task run of its own, by Prefect's own retries with a short delay.

    Args:
        seen: the run.
        wanted: how many tries, by query.
        seconds: how long each should take.
    """
    if not len(seen.timeline):
        _none_ran(_runs(len(wanted)))
    homes = {index: {note.task_run_id for note in seen.asked if note.index == index} for index in wanted}
    shared = Counter(home for index in wanted for home in homes[index] if home)
    if max(shared.values(), default=1) > 1:
        raise NotYet(
            f"One task run asked {max(shared.values())} queries.", "Each query should have its own task run.",
            "Otherwise a failure of one query repeats the others too.",
        )  # fmt: skip
    inside_tasks(seen, list(wanted))
    took(seen, seconds)
    asked = Counter(note.index for note in seen.asked)
    if again := [index for index, count in wanted.items() if count == 1 < asked[index]]:
        raise NotYet(
            f"Query {again[0]} was asked {asked[again[0]]} times, although the database did not hang up on it.",
            "Only a query that failed should be tried again.",
            "Put the retries on the task: those of the flow, or of a loop around it, repeat everything.",
        )
    if spread := [index for index in wanted if len(homes[index]) > 1]:
        raise NotYet(
            f"The tries of query {spread[0]} were {len(homes[spread[0]])} task runs.",
            "They should be tries of one task run.",
            "Let Prefect repeat the task run with @task(retries=…), instead of submitting or calling the task again.",
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
            "Prefect should know of each try.",
            "Your own loop with try and except leaves no trace in the records: let the error out of the task, and use "
            "@task(retries=…).",
        )
    delay = record.empirical_policy.retry_delay or 0
    delays = delay if isinstance(delay, list) else [delay]
    if not all(delays):
        raise NotYet(
            f"Query {index} was tried again at once.", "There should be a short delay before each try.",
            "A database that has just hung up needs a moment: retry_delay_seconds=0.1.",
        )  # fmt: skip
    if max(delays) > 1:
        raise NotYet(f"Your tasks wait {max(delays):g} s before they try again.", "0.1 s is enough here.")


def failed(seen: Run, queries: Sequence[int]) -> None:
    """The flow ended Failed, with a message that names these queries, and none that went well."""
    named = f"quer{'y' if len(queries) == 1 else 'ies'} {', '.join(map(str, queries))}"
    if seen.state.is_completed():
        raise NotYet(
            f"Your flow ended {seen.state.name}, although {named} failed for good.", "It should end Failed.",
            "An error is lost if you catch it, return it as a result, or never call .result() on its future.",
        )  # fmt: skip
    if not seen.state.is_failed():
        raise NotYet(f"Your flow ended {seen.state.name}: {seen.state.message}", "It should end Failed.")
    text = _without_moments(seen)
    well = {note.index for note in seen.asked} - set(queries)
    if missing := sorted(set(queries) - _numbers(text)):
        raise NotYet(
            f"Your flow failed, but its message doesn't name query {missing[0]}: {_brief(seen.state.message)}",
            f"It should name {named}.", "The error that ends the flow is what you read in the morning.",
        )  # fmt: skip
    if wrongly := sorted(_numbers(COUNTS.sub(" ", text)) & well):
        raise NotYet(
            f"Your flow's message names query {wrongly[0]}, which went well: {_brief(seen.state.message)}",
            f"It should name {named} only.",
        )


# Numbers in an error that name no query, though they may look like it.
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
MOMENTS = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|0x[0-9a-f]+"  # ids and addresses
    r"|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}|\d+(?:\.\d+)+"  # dates, and decimals
    r"|(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"  # times of day
    rf"|\b{MONTH}\.? \d{{1,2}}\b|\b\d{{1,2}}[. -]{{1,2}}{MONTH}\b",
    re.IGNORECASE,
)
UNITS = "ms|s|secs?|seconds?|min|minutes?|%|tries|attempts?|rows?|times?|queries"
COUNTS = re.compile(rf"\d+ ?(?:/|(?:out )?of) ?\d+|\bline \d+|\b\d+ ?(?:{UNITS})(?![a-z])", re.IGNORECASE)


def _without_moments(seen: Run) -> str:
    """The message with which the flow ended, without dates, ids and the names that Prefect made up, as query-4f7."""
    text = seen.state.message or ""
    for span in seen.timeline:
        if re.search(r"-(?=\d*[a-f])[0-9a-f]{3}$", span.name):
            text = text.replace(span.name, " ")
    return MOMENTS.sub(" ", text)


def _numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"(?<!\d)\d{1,9}(?!\d)", text)}


RARE = "JKQVWXZ"
LEAK = 3  # characters in a row that give a secret away


def secrets(rng: random.Random, *lengths: int) -> list[str]:
    """Passwords of rare letters: no three in a row occur twice in them, or by chance in a log."""
    letters, seen = rng.sample(RARE, 2), set()
    while len(letters) < sum(lengths):
        fitting = [x for x in RARE if x != letters[-1] and (*letters[-2:], x) not in seen]
        letters.append(rng.choice(fitting or RARE))
        seen.add(tuple(letters[-3:]))
    return ["".join(letters[sum(lengths[:i]) : sum(lengths[: i + 1])]) for i in range(len(lengths))]


def leaked(secret: str, text: str) -> list[int]:
    """The places in a secret from which some characters in a row are in a text."""
    return [start for start in range(len(secret) - LEAK + 1) if secret[start : start + LEAK] in text]


def peak(seen: Run, wanted: int, indexes: Sequence[int], tag: str | None = None) -> None:
    """Just so many task runs were under way at once (of those with a tag, if it is named), and as many queries.

    Args:
        seen: a run whose queries met at a gate: as many as wanted were in flight together, if they ever could be.
        wanted: how many.
        indexes: the queries.
        tag: only task runs with this tag count.
    """
    spans = _tagged(seen, tag)
    if spans.peak > wanted:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once.", f"It should have been {wanted}.", why(spans, wanted)
        )  # fmt: skip
    met(seen, [(indexes, wanted)], spans)


def met(seen: Run, meeting: Meeting, spans: Timeline | None = None) -> None:
    """At one moment as many queries of each group were in flight as it wants.

    Args:
        seen: a run whose queries met at a gate.
        meeting: groups, each as (queries, how many of them).
        spans: the task runs that count; by default all.
    """
    if together(seen.asked, meeting):
        return
    spans = seen.timeline if spans is None else spans
    wanted = sum(count for _, count in meeting)
    most = in_flight(seen.asked, [index for indexes, _ in meeting for index in indexes])
    if spans.peak < wanted:
        raise NotYet(
            f"At most {spans.peak} of your tasks ran at once.",
            f"It should have been {wanted}.",
            why(spans, wanted)
            or "Submit all of them before you wait for any. A task runner with few workers, and "
            "batches, hold back too.",
        )
    if most < wanted:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once, but at most {most} of their queries.",
            f"It should have been {wanted} queries.",
            "A lock or a semaphore inside a task makes it wait again, while it is already running.",
        )
    raise NotYet("Your two kinds of tasks did not fill their places at the same time.", "They should.", why(spans))


def never_above(seen: Run, limit: int, tag: str | None = None) -> None:
    """Never more than so many ran at once (of those with a tag, if it is named)."""
    spans = _tagged(seen, tag)
    if spans.peak > limit:
        raise NotYet(
            f"{spans.peak} of your tasks ran at once.", f"It should never have been more than {limit}.",
            why(spans, limit),
        )  # fmt: skip


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


def queried(seen: Run, indexes: Collection[int]) -> Timeline:
    """The timeline of the task runs in which these queries ran, and of no others."""
    homes = {note.task_run_id for note in seen.asked if note.index in indexes}
    spans = tuple(span for span in seen.timeline if span.id in homes)
    return replace(seen.timeline, spans=spans, until=seen.timeline.now)


def nothing_else(seen: Run, indexes: Collection[int]) -> None:
    """No query ran but these."""
    if others := sorted({note.index for note in seen.asked} - set(indexes)):
        raise NotYet(
            f"Your flow asked query {others[0]}, which it wasn't given.", "It should ask only what it is given.",
            "Look at what you pass to ask().",
        )  # fmt: skip


def side_by_side(seen: Run, indexes: Sequence[int]) -> None:
    """All these queries were in flight together, in a run that no limit holds back and whose queries met at a gate."""
    if together(seen.asked, [(indexes, len(indexes))]):
        return
    spans, most = queried(seen, indexes), in_flight(seen.asked, indexes)
    if spans.peak < len(indexes):
        raise NotYet(
            f"At most {spans.peak} of your tasks ran at once.",
            f"All {len(indexes)} should run at the same time.",
            held_back(spans),
        )
    raise NotYet(
        f"{spans.peak} of your tasks ran at once, but at most {most} of their queries.",
        f"All {len(indexes)} queries should run at the same time.",
        "Something inside your task makes it wait again while it is already running, as a lock or a semaphore does.",
    )


def held_back(spans: Timeline) -> str:
    """Where to look if fewer ran at once than should, without any limit. Times at the gate are not the learner's."""
    first_end = min(span.end for span in spans if span.end is not None)
    if spans.peak < 2 and all(span.created < first_end for span in spans):
        return (
            "They were submitted early, and waited for each other: look for wait_for=, or for a future among the "
            "arguments."
        )
    if spans.peak < 2:
        return (
            "They ran one at a time: look for .result() inside the loop that submits, a task that is called instead of "
            "submitted, or a task runner with one worker."
        )
    return (
        "The others began only after some of these had ended: look for .result() or .wait() inside the loop that "
        "submits, for batches, or for a task runner with few workers."
    )


def last_words(span: Span) -> str:
    """The message of the state in which a task run ended, as Prefect recorded it."""
    with get_client(sync_client=True) as client:
        state = client.read_task_run(UUID(span.id)).state
    return _brief((state and state.message) or "no message")


def in_order(seen: Run, found: Any, indexes: Sequence[int]) -> None:
    """A list of the right rows has them in the order of `indexes`; says which order it is, if it is another."""
    rows = rows_of(indexes)
    if not isinstance(found, list) or found == rows or Counter(map(repr, found)) != Counter(map(repr, rows)):
        return
    order = [indexes[rows.index(part)] for part in found]
    ends = {note.index: span.end for note in seen.asked for span in seen.timeline if span.id == note.task_run_id}
    finished = sorted(indexes, key=lambda index: ends.get(index) or 0.0)
    known = {"in the order in which your tasks ended": finished, "sorted by the number of their query": sorted(indexes),
             "in reverse": list(reversed(indexes))}  # fmt: skip
    which = next((name for name, other in known.items() if other == order), "in another order")
    raise NotYet(
        f"Your flow returned the right results {which}: query {order[0]} comes first.",
        f"They should come in the order of `indexes`: query {indexes[0]} first.",
        "Go through your own list of futures, in the order in which you submitted them. as_completed() goes through "
        "them in the order in which they end.",
    )


def all_tagged(seen: Run, indexes: Sequence[int], tag: str) -> None:
    """The task run of each of these queries carries the tag."""
    homes = {note.task_run_id for note in seen.asked if note.index in indexes}
    if not (free := [span for span in seen.timeline if span.id in homes and tag not in span.tags]):
        return
    found = sorted({tag for span in free for tag in span.tags})
    raise NotYet(
        f"{len(free)} of {len(homes)} task runs do not have the tag {tag!r}"
        f"{f' but {found}' if found else ', nor any other'}; at most {seen.timeline.peak} task runs ran at once.",
        f"Each of them should have the tag {tag!r}.",
        "A tag that has no limit of exactly its name limits nothing, and nothing warns you. Look for a typo, or write "
        "the name once and use it for all.",
    )


def limit_kept(tag: str, slots: int) -> None:
    """The limit is what the grader set it to: what an answer changed explains what follows."""
    found = read_limit(tag)
    if found is None or found.slots != slots:
        raise NotYet(
            f"The limit on {tag!r} was {slots}, and after your flow it is {found.slots if found else 'gone'}.",
            "Your flow should leave the limit as it is.",
            "It belongs to the server, and other flows rely on it.",
        )


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
    if hurried := [note for note in seen.asked if not note.error and note.end - note.start < 0.9 * note.seconds]:
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
