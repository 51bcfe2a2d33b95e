"""The grader of exercise 2.3: queries that don't exist fail, and the flow returns the answers of the others."""

import operator
from collections import Counter
from dataclasses import replace

from workbook.grading.evidence import OpaqueValue, Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.beside import may_pause, outlast
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import in_flight

SECONDS = 0.11  # of each query


def late_first(answer: Answer, indexes: list[int]) -> str:
    """A gate at which the first query waits for the last, while those in between pass."""
    return answer.gate([([indexes[0], indexes[-1]], 2)])


def two_fail(answer: Answer) -> None:
    """All those that exist meet; in a second run the first of them ends late, and in a third all exist."""
    for late in (False, True):
        good = answer.rng.sample(range(20), 6)
        bad = answer.rng.sample(range(20, 99), 2)
        indexes = [good[0], *answer.rng.sample([*good[1:5], *bad], 6), good[5]]  # those that fail are in between
        kept, lost = ([index for index in indexes if index in part] for part in (good, bad))
        if late == (lost == sorted(lost)):  # first ascending and then descending: no way of sorting gives both
            indexes = [dict(zip(lost, reversed(lost), strict=True)).get(index, index) for index in indexes]
            lost.reverse()
        if not late:
            gate = answer.gate([(kept, len(kept))])
        elif may_pause(answer):
            gate = outlast(answer, answer.gate([(kept[:1], 2)]))  # it waits for one more than will ever come
        else:
            gate = late_first(answer, kept)
        seen = answer(indexes, SECONDS, gate=gate)
        _two_failed(seen, indexes, kept, lost)
        if not late and (most := in_flight(seen.asked, kept)) < len(kept):
            spans = expect.queried(seen, kept)
            raise NotYet(
                f"At most {spans.peak} of your tasks ran at once, and at most {most} of their queries.",
                f"All should run at the same time, at least the {len(kept)} whose queries exist.",
                concurrency.held_back(spans) if spans.peak < len(kept) else concurrency.WAITS_INSIDE,
            )
    indexes = answer.rng.sample(range(20), 2)
    _answers_and_failed(answer(indexes, SECONDS), indexes, [])


def _two_failed(seen: Run, indexes: list[int], kept: list[int], lost: list[int]) -> None:
    _really_failed(seen, kept)
    if not seen.state.is_completed() and "LookupError" in str(seen.error or seen.state.message):
        raise NotYet(
            "Queries failed, and with them your flow: the answers of all the others are lost.",
            "The flow should complete, and return the answers it got and the numbers of the queries that failed.",
            "`future.result()` raises what the task raised. `future.result(raise_on_failure=False)` returns it "
            "instead, and `future.state` tells how the task ended.",
        )
    _stopped_early(seen, indexes, lost[0])
    _answers_and_failed(seen, indexes, lost)
    asked = Counter(query.index for query in seen.asked)
    if never := [index for index in lost if not asked[index]]:
        raise NotYet(
            f"Query {never[0]} doesn't exist, and your flow didn't try it.",
            "It should run every query of `indexes`: only the database knows which of them exist.",
            "Submit a task for each, and look at how it ends.",
        )
    tried = {(query.task_run_id, query.index) if query.error else query: query for query in seen.asked}  # once or more
    expect.asked_in_tasks(replace(seen, asked=tuple(tried.values())), kept + lost)
    expect.took(replace(seen, asked=tuple(query for query in seen.asked if query.index in kept)), SECONDS)
    expect.nothing_else(seen, kept + lost)
    if well := [span for span in expect.queried(seen, lost) if span.state != "FAILED"]:
        raise NotYet(
            f"{well[0].name} ended {well[0].state.title()}, although its query doesn't exist.",
            "A task whose query fails should end Failed, so that you can see it in Prefect.",
            "Let the exception leave the task, and look at the states when you collect.",
        )


def _really_failed(seen: Run, kept: list[int]) -> None:
    """No query that exists failed, and no task run after its query: an answer that lacks those rows is right."""
    well = {query.index for query in seen.asked if not query.error}
    if errors := [query for query in seen.asked if query.error and query.index in kept and query.index not in well]:
        raise NotYet(
            f"Query {errors[0].index} failed in your run: {errors[0].error.rstrip('.')}.",
            "It exists, so it should have returned its rows.",
            "If your code didn't cause this, check again.",
        )
    ended = {span.id: span for span in expect.queried(seen, kept)}
    for query in seen.asked:
        span = ended.get(query.task_run_id)
        if query.index in kept and span and span.state in ("FAILED", "CRASHED"):
            raise NotYet(
                f"Query {query.index} returned its rows, but then its task run, {span.name}, ended "
                f"{span.state.title()}: {expect.last_words(span)}",
                "It should end Completed and return the rows.",
                "Look at what your task does after `ask()`.",
            )

    asked = {query.index for query in seen.asked}
    homes = {query.task_run_id for query in seen.asked}
    early = [span for span in seen.timeline if span.id not in homes and span.state in ("FAILED", "CRASHED")]
    if early and (never := [index for index in kept if index not in asked]):
        raise NotYet(
            f"Query {never[0]} never ran: the task run {early[0].name} ended {early[0].state.title()} before it "
            f"ran any query: {expect.last_words(early[0])}",
            "It should run its query and return the rows.",
            "Look at what your task gives to `ask()`, and does before it. If your code didn't cause this, check again.",
        )


def _stopped_early(seen: Run, indexes: list[int], failed: int) -> None:
    """The answers are more than those of the queries before the first that failed."""
    before = indexes[: indexes.index(failed)]
    if isinstance(seen.result, dict) and seen.result.get("answers") == expect.rows_of(before):
        raise NotYet(
            f"Your flow returned only the answers of the queries before query {failed}, the first that failed, and "
            "none of those after it.",
            "It should return the answers of all the queries that exist.",
            "An exception that leaves a loop ends it: put `try` inside the loop, around `.result()`.",
        )


def _answers_and_failed(seen: Run, indexes: list[int], lost: list[int]) -> None:
    """The flow returned both lists; what is wrong with one is said of that one."""
    kept, places = [index for index in indexes if index not in lost], [indexes.index(index) for index in lost]
    found, rows = seen.result, expect.rows_of(kept)
    if seen.state.is_completed() and isinstance(found, dict) and found.keys() == {"answers", "failed"}:
        answers, failed = found["answers"], found["failed"]
        if isinstance(answers, list) and (odd := [part for part in answers if isinstance(part, OpaqueValue)]):
            raise NotYet(
                f"There is a {odd[0].type} among the answers.",
                "They should be rows, and nothing else.",
                "`result(raise_on_failure=False)` returns what the task raised, as if it were a result: "
                "`future.state.is_completed()` tells the two apart.",
            )
        well = {query.index for query in seen.asked if not query.error}
        wrongly = [index for index in kept if isinstance(failed, list) and index in failed and index in well]
        if wrongly and failed == indexes:
            raise NotYet(
                "Your flow has all queries in the list 'failed', also those that returned their rows.",
                f"That list should be {lost!r}.",
                "If you wait first, your test of the state may never hold: `future.state.is_completed()` is true of a "
                "task that went well. If you don't, `future.state` may be out of date: call `wait(futures)` before.",
            )
        if wrongly and failed != places:
            raise NotYet(
                f"Query {wrongly[0]} returned its rows, but your flow has it in the list 'failed'.",
                f"That list should be {lost!r}.",
                "Keep each future together with its index. And wait first, without a `timeout`: until `wait(futures)` "
                "or `future.result()` has returned, `future.state` may be out of date, even in a loop over "
                "`as_completed()`.",
            )
        expect.in_order(seen, answers, kept)
        if answers == [row for part in rows for row in part]:
            raise NotYet(
                "Your flow has all rows in one list, 'answers'.",
                f"It should have {len(rows)} lists there, with the rows of one query each.",
                "`append` keeps the rows of a query together; `extend` and `+=` don't.",
            )
        if isinstance(answers, list) and answers != rows:
            raise NotYet(
                f"Your flow returned {len(answers)} answers, of which {sum(map(operator.eq, answers, rows))} are in "
                "the right place.",
                f"There should be {len(rows)}: the rows of each query that exists, in the order of `indexes`.",
                "Look at what you put into 'answers'.",
            )
        if failed != lost:
            raise NotYet(
                f"Your flow returned {failed!r} as 'failed'.",
                f"It should be {lost!r}: the index of each query that failed, in the order of `indexes`.",
                "`zip(indexes, futures)` keeps each future together with its index.",
            )
    expect.result(seen, {"answers": rows, "failed": lost})
