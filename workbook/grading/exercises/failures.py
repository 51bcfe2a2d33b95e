"""Runs in which queries fail: how to make them fail, and what graders expect of retries and of the flow's end."""

import contextlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import TaskRun
from prefect.exceptions import ObjectNotFound

from workbook.grading.evidence import Run
from workbook.grading.exercises import expect
from workbook.grading.exercises.beside import OUTLAST, beside, may_pause, outlast, took
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.queries import FLAKY, failures_of

FOR_GOOD = 99  # more failures than anybody tries
DELAY = 0.1  # seconds between two tries


def cause(answer: Answer, times: Mapping[int, int]) -> Path:
    """Have the database fail on these queries in the next run, so often each.

    Returns:
        The folder in which the failures are counted.
    """
    folder = answer.folder / f"failures-{len(answer.runs)}"
    folder.mkdir(exist_ok=True)
    answer.environment(**{FLAKY: failures_of(times, folder)})
    return folder


def with_one_held(answer: Answer, indexes: Sequence[int], dead: Sequence[int], seconds: float, tries: int = 1) -> Run:
    """Run the answer while the database fails on some queries for good, and hold another query at a gate.

    It is held until the first of the dead ones has failed so often, and a while longer: what an answer does at once
    because of that failure, it does before the held query has ended.
    """
    counted = cause(answer, dict.fromkeys(dead, FOR_GOOD))
    alive = [index for index in indexes if index not in dead]
    held = alive[len(alive) // 2]  # neither first nor last, so waiting for one of those isn't enough
    gate = Path(outlast(answer, answer.gate([([held], 2)])))  # waits for one more than will ever come
    with beside(answer, indexes, seconds, gate=gate) as run:
        if run.until(lambda: (gate / "first").exists() and len(list(counted.glob(f"{dead[0]}-*"))) >= tries):
            run.linger(OUTLAST if may_pause(answer) else max(0.5, 2 * took(gate)))
            (gate / "open").touch()
        return run.result()


def asked(seen: Run) -> set[int]:
    """The queries that were asked: all, or fewer where the first failure rightly ends a flow.

    `futures.result()` of a mapped task raises as soon as one has failed, and Prefect then drops what had not begun.
    """
    return {query.index for query in seen.asked}


def all_asked(seen: Run, indexes: Collection[int], failed: int) -> None:
    """Every query was asked, in a run in which one of them failed."""
    if asked(seen) and (dropped := sorted(set(indexes) - asked(seen))):
        raise NotYet(
            f"After query {failed} had failed, your flow ended before query {dropped[0]} had begun.",
            "Every query should end, well or badly, before the flow does.",
            "What has not begun when the flow ends is dropped: `wait(futures)` waits for all of them.",
        )


# ----------------------------------------
# Retries


def tries(seen: Run, wanted: Mapping[int, int], seconds: float | None = None) -> None:
    """Every query was asked just so often, in one task run of its own, by Prefect's own retries with a short delay.

    Args:
        seen: the run.
        wanted: how many tries, by query.
        seconds: how long each should take.
    """
    expect.some_task_ran(seen, len(wanted))
    homes = {index: {query.task_run_id for query in seen.asked if query.index == index} for index in wanted}
    shared = Counter(home for index in wanted for home in homes[index] if home)
    if max(shared.values(), default=1) > 1:
        raise NotYet(
            f"One task run ran {max(shared.values())} queries.", "Each query should have its own task run.",
            "Otherwise a failure of one query repeats the others too.",
        )  # fmt: skip
    expect.inside_tasks(seen, list(wanted))
    expect.took(seen, seconds)
    counts = Counter(query.index for query in seen.asked)
    if again := [index for index, count in wanted.items() if count == 1 < counts[index]]:
        raise NotYet(
            f"Query {again[0]} ran {counts[again[0]]} times, although the database didn't fail on it.",
            "Only a query that failed should run again.",
            _why_repeated(seen, homes[again[0]]),
        )
    if spread := [index for index in wanted if len(homes[index]) > 1]:
        raise NotYet(
            f"Query {spread[0]}'s tries were {len(homes[spread[0]])} separate task runs.",
            "They should be tries of one task run.",
            "Let Prefect repeat the task run with `@task(retries=…)`, instead of submitting or calling the task again.",
        )
    for index, count in wanted.items():
        if counts[index] != count:
            raise NotYet(
                f"Query {index}, on which the database failed, ran {counts[index]} "
                f"time{'s' if counts[index] > 1 else ''}.",
                f"It should have been {count}.",
                why_not_again(seen, index, count),
            )
    with get_client(sync_client=True) as client:
        for index, count in wanted.items():
            if count > 1:
                _retried_by_prefect(index, count, client.read_task_run(homes[index].pop()))


def _why_repeated(seen: Run, homes: Collection[str | None]) -> str:
    """Why a query ran again that hadn't failed, as far as the records of its task runs and its flow run tell."""
    with get_client(sync_client=True) as client:
        if len(homes) == 1:
            if client.read_task_run(UUID(next(iter(homes)))).run_count == 1:
                return "Its task asked the database more than once, in one try: call `ask()` once."
            error = next((span.message for span in seen.timeline if span.id in homes and span.state == "FAILED"), "")
            why = f": {error.rstrip('.')}." if error else " for another reason: a timeout, perhaps."
            return f"Prefect tried its task run again, so the task failed{why}"
        if client.read_flow_run(UUID(str(seen.flow_run_id))).run_count == 1:
            return (
                "Your flow submitted or called its task more than once. With `retries=…` on the task, once is enough."
            )
    return "Retries of a flow repeat everything: put them on the task, and take them off the flow."


def why_not_again(seen: Run, index: int, count: int) -> str:
    """Why a query was not tried so often, as far as the record of its task run tells."""
    asked_in = [query.task_run_id for query in seen.asked if query.index == index]
    if len(asked_in) < count and asked_in[0]:
        with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
            record = client.read_task_run(UUID(asked_in[0]))
            retries = record.empirical_policy.retries or 0
            has = f"Your task has retries={retries}, but"
            if not retries:
                return (
                    "Your task run had no retries: put `retries=…` into `@task`, or run what `with_options(…)` "
                    "returns: it's a new task, and the old one stays as it was."
                )
            if record.state and retries >= count - 1:
                if record.state.is_completed():
                    return f"{has} its run ended {record.state.name}: its error never reached Prefect. Don't catch it."
                if record.state.is_failed():
                    return f"{has} it Failed before it had used them: does a `retry_condition_fn` refuse this error?"
                return f"{has} its run was {record.state.name} when your flow ended."
    return "`retries=…` on the task is the number of tries after the first."


def at_most(seen: Run, index: int, most: int) -> None:
    """The task run of this query, which Prefect repeated, would have had no more tries than so many."""
    home = next(query.task_run_id for query in seen.asked if query.index == index)
    with get_client(sync_client=True) as client:
        retries = client.read_task_run(UUID(home)).empirical_policy.retries or 0
    if retries >= most:
        raise NotYet(
            f"Your task has retries={retries}, so a query that fails for good has {retries + 1} tries.",
            f"It should be {most} in all.", "`retries=…` is the number of tries after the first.",
        )  # fmt: skip


def _retried_by_prefect(index: int, count: int, record: TaskRun) -> None:
    if record.run_count < count:
        raise NotYet(
            f"Query {index} ran {count} times, but Prefect counts {record.run_count} "
            f"run{'s' if record.run_count > 1 else ''} of its task.",
            "Prefect should know of each try.",
            "Your own loop with try and except leaves no trace in the records: let the error out of the task, and use "
            "`@task(retries=…)`.",
        )
    delay = record.empirical_policy.retry_delay or 0
    delays = delay if isinstance(delay, list) else [delay]
    if not all(delays):
        raise NotYet(
            f"Query {index} was tried again immediately.", "There should be a short delay before each try.",
            "A database that has just failed needs a moment: retry_delay_seconds=0.1.",
        )  # fmt: skip
    if other := [delay for delay in delays if not DELAY / 2 <= delay <= 2 * DELAY]:
        raise NotYet(f"Your tasks wait {other[0]:g} s before they try again.", f"It should be {DELAY:g} s.")
    if jitter := record.empirical_policy.retry_jitter_factor:
        raise NotYet(
            f"Your tasks wait longer than {DELAY:g} s before they try again, by a random time.",
            f"It should be {DELAY:g} s.", f"Leave `retry_jitter_factor={jitter:g}` out.",
        )  # fmt: skip


# ----------------------------------------
# The end of the flow


def ended_failed(seen: Run, queries: Sequence[int]) -> None:
    """The flow ended Failed, after these queries had failed on every try."""
    named = _named(queries)
    if seen.state.is_completed():
        raise NotYet(
            f"Your flow ended {seen.state.name}, although {named} failed on every try.", "It should end Failed.",
            "An error is lost if you catch it, return it as a result, or never call `.result()` on its future.",
        )  # fmt: skip
    if not seen.state.is_failed():
        raise NotYet(f"Your flow ended {seen.state.name}: {seen.state.message}", "It should end Failed.")


def failed(seen: Run, queries: Sequence[int]) -> None:
    """The flow ended Failed, with a message that names these queries, and none that went well."""
    ended_failed(seen, queries)
    named, text = _named(queries), _without_names(seen)
    well = {query.index for query in seen.asked} - set(queries)
    if missing := sorted(set(queries) - _numbers(NO_QUERIES.sub(" ", text))):
        raise NotYet(
            f"Your flow failed, but its message doesn't name query {missing[0]}: {expect.last_message(seen)}",
            f"It should name {named}.",
            "The error that ends the flow is what you read in the morning. (A future's `.state` may not be final "
            "before `wait(futures)` has returned.)",
        )  # fmt: skip
    if wrongly := sorted(_numbers(COUNTS.sub(" ", MOMENTS.sub(" ", text))) & well):
        raise NotYet(
            f"Your flow's message names query {wrongly[0]}, which went well: {expect.last_message(seen)}",
            f"It should name {named} only.",
            "Only a future whose task failed should add its query. (Its `.state` may not be final before "
            "`wait(futures)` has returned.)",
        )


def _named(queries: Sequence[int]) -> str:
    return f"quer{'y' if len(queries) == 1 else 'ies'} {', '.join(map(str, queries))}"


# Numbers in an error that name no query, though they may look like it.
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?)"
)
NO_QUERIES = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|0x[0-9a-f]+"  # ids and addresses
    r"|(?<![\w.])(?:/[\w.-]+)+/"  # the folders that a file is in
    r"|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{2,4}|\d+(?:\.\d+)+"  # dates, and decimals
    r"|(?<!\d)\d{1,2}:\d\d:\d\d(?!\d)",  # times of day to the second
    re.IGNORECASE,
)
MOMENTS = re.compile(
    NO_QUERIES.pattern  # and what may be a moment, or two queries such as 16:10
    + r"|(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)"  # times of day
    rf"|\b{MONTH}\.? \d{{1,2}}\b|\b\d{{1,2}}[. -]{{1,2}}{MONTH}\b",
    re.IGNORECASE,
)
UNITS = "ms|s|secs?|seconds?|min|minutes?|%|tries|attempts?|rows?|times?|queries"
COUNTS = re.compile(rf"\d+ ?(?:/|(?:out )?of) ?\d+|\bline \d+|\b\d+ ?(?:{UNITS})(?![a-z])", re.IGNORECASE)


def _without_names(seen: Run) -> str:
    """The message with which the flow ended, without the names that Prefect made up, as query-4f7."""
    text = seen.state.message or ""
    for span in seen.timeline:
        if re.search(r"-(?=\d*[a-f])[0-9a-f]{3}$", span.name):
            text = text.replace(span.name, " ")
    return text


def _numbers(text: str) -> set[int]:
    """The numbers in a text: 7 is in "7", "Q07", "7th" and "query_7", but not in the middle of a word, as "s7j"."""
    words = (re.fullmatch(r"[^\W\d]*(\d{1,9})(?:st|nd|rd|th)?", word) for word in re.findall(r"[^\W_]+", text))
    return {int(found[1]) for found in words if found}
