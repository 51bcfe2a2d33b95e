"""Lesson 2: many queries at once, their results in order, and those that fail."""

import operator
from collections import Counter
from dataclasses import replace

from workbook.grading.evidence import OpaqueValue, Run
from workbook.grading.exercises import concurrency, expect, failures
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import in_flight

SECONDS = 0.11  # of each query
DOCS = "https://docs.prefect.io/v3"

# ----------------------------------------
# 2.1 All at once, results in order


def at_once(answer: Answer) -> None:
    """In the first run the first query ends late, so they end in another order. In the second all meet.

    The verdict shows the last run: the one in which all run at once.
    """
    for late in (True, False):
        indexes = answer.rng.sample(range(20), answer.rng.randint(7, 9))
        seen = answer(indexes, SECONDS, gate=_late(answer, indexes) if late else answer.gate([(indexes, len(indexes))]))
        expect.in_order(seen, seen.result, indexes)
        expect.result(seen, expect.rows_of(indexes))
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        if not late:
            concurrency.side_by_side(seen, indexes)


def _late(answer: Answer, indexes: list[int]) -> str:
    """A gate at which the first query waits for the last, while those in between pass."""
    return answer.gate([([indexes[0], indexes[-1]], 2)])


# ----------------------------------------
# 2.2 The same list for every task


def mapped(answer: Answer) -> None:
    """As many words as queries: what is not wrapped in unmapped() is dealt out. In a second run there is one more."""
    for late in (True, False):
        indexes = _with_different_counts(answer)
        words = [f"word-{answer.rng.randrange(1000)}" for _ in [*indexes, None][late:]]
        gate = _late(answer, indexes) if late else answer.gate([(indexes, len(indexes))])
        seen = answer(indexes, SECONDS, words, gate=gate)
        rows = expect.rows_of(indexes)
        _dealt_out(seen, len(indexes), words)
        if seen.result == [[len(r), word] for r, word in zip(rows, words, strict=False)]:
            raise NotYet(
                f"Every task was given one word: the first got only {words[0]!r}.",
                f"Every task should be given the whole list of {len(words)} words.",
                "`map` deals out every list that it's given, one element to each task run: wrap what all of them "
                "share in `unmapped()`.",
            )
        expect.result(seen, [[len(r), words] for r in rows])
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        if not late:
            concurrency.side_by_side(seen, indexes)


def _dealt_out(seen: Run, queries: int, words: list[str]) -> None:
    """The flow did not fail because of what map() was to deal out."""
    error = str(seen.error or "")
    if "MappingLengthMismatch" in error:
        raise NotYet(
            "Your flow failed: `map` had to deal out lists of different lengths."
            + (f" This run had {queries} queries and {len(words)} words." if queries != len(words) else ""),
            "Only `indexes` should be dealt out, and every task should be given the whole list `words`.",
            "Wrap what all task runs share in `unmapped()`: then its length doesn't matter.",
        )
    if "MappingMissingIterable" in error:
        raise NotYet(
            "Your flow failed: `map` had no list left to deal out.",
            "It should make a task run for each element of `indexes`.",
            "Wrap only what all task runs share, and leave `indexes` as it is.",
        )


def _with_different_counts(answer: Answer) -> list[int]:
    """Four to six queries with different numbers of rows, so that the order shows in the result."""
    numbers = answer.rng.sample(range(20), 20)
    different = {len(rows): index for index, rows in zip(numbers, expect.rows_of(numbers), strict=True)}
    return answer.rng.sample(list(different.values()), answer.rng.randint(4, 6))


# ----------------------------------------
# 2.3 Two of them fail


def two_fail(answer: Answer) -> None:
    """Two of those that exist meet; in a second run the first of them ends late, and in a third all exist."""
    for late in (False, True):
        good = answer.rng.sample(range(20), 6)
        bad = answer.rng.sample(range(20, 99), 2)
        indexes = [good[0], *answer.rng.sample([*good[1:5], *bad], 6), good[5]]  # those that fail are in between
        kept, lost = ([index for index in indexes if index in part] for part in (good, bad))
        if late and lost == sorted(lost):  # as an answer that sorts them would have it
            indexes = [dict(zip(lost, reversed(lost), strict=True)).get(index, index) for index in indexes]
            lost.reverse()
        seen = answer(indexes, SECONDS, gate=_late(answer, kept) if late else answer.gate([(kept, 2)]))
        _two_failed(seen, indexes, kept, lost)
        if not late and in_flight(seen.asked, kept) < 2:
            spans = expect.queried(seen, indexes)
            raise NotYet(
                f"At most {spans.peak} of your tasks ran at once, and their queries ran one at a time.",
                "They should run at the same time.",
                concurrency.held_back(spans) if spans.peak < 2
                else concurrency.WAITS_INSIDE,
            )  # fmt: skip
    indexes = answer.rng.sample(range(20), 2)
    _answers_and_failed(answer(indexes, SECONDS), indexes, [])


def _two_failed(seen: Run, indexes: list[int], kept: list[int], lost: list[int]) -> None:
    _really_failed(seen, kept)
    if not seen.state.is_completed() and "LookupError" in str(seen.error or seen.state.message):
        raise NotYet(
            "One query failed, and with it your flow: the answers of all the others are lost.",
            "The flow should complete, and return the answers it got and the indexes of the queries that failed.",
            "`future.result()` raises what the task raised. `future.result(raise_on_failure=False)` returns it "
            "instead, and `future.state` tells how the task ended.",
        )
    _stopped_early(seen, indexes, lost[0])
    _answers_and_failed(seen, kept, lost)
    asked = Counter(query.index for query in seen.asked)
    if never := [index for index in lost if not asked[index]]:
        raise NotYet(
            f"Query {never[0]} doesn't exist, and your flow didn't try it.",
            "It should run every query of `indexes`: only the database knows which of them exist.",
            "Submit a task for each, and look at how it ends.",
        )
    expect.asked_in_tasks(seen, kept + lost)
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
                f"{span.state.title()}: {failures.last_words(span)}",
                "It should end Completed and return the rows.",
                "Look at what your task does after `ask()`.",
            )

    asked = {query.index for query in seen.asked}
    homes = {query.task_run_id for query in seen.asked}
    early = [span for span in seen.timeline if span.id not in homes and span.state in ("FAILED", "CRASHED")]
    if early and (never := [index for index in kept if index not in asked]):
        raise NotYet(
            f"Query {never[0]} never ran: the task run {early[0].name} ended {early[0].state.title()} before it "
            f"ran any query: {failures.last_words(early[0])}",
            "It should run its query and return the rows.",
            "Look at what your task does before `ask()`. If your code didn't cause this, check again.",
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


def _answers_and_failed(seen: Run, kept: list[int], lost: list[int]) -> None:
    """The flow returned both lists; what is wrong with one is said of that one."""
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
        if isinstance(failed, list) and (wrongly := [index for index in kept if index in failed and index in well]):
            raise NotYet(
                f"Query {wrongly[0]} returned its rows, but your flow has it in the list 'failed'.",
                f"That list should be {lost!r}.",
                "Keep each future together with its index. And wait first: until `wait(futures)` or `future.result()` "
                "has returned, `future.state` may be out of date, even in a loop over `as_completed()`.",
            )
        expect.in_order(seen, answers, kept)
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


EXERCISES = (
    Exercise(
        id="2.1",
        title="All at once, results in order",
        minutes=5,
        entry="all_at_once",
        hints=(
            "What has to happen before your flow waits for the first result?",
            "Separate the two steps: submit everything and keep the futures, then collect. See "
            f"{DOCS}/how-to-guides/workflows/run-work-concurrently",
            "`futures = [… for index in indexes]`, and then a list of their results, made from that list.",
        ),
        grade=at_once,
        seconds=240,  # a pool of processes, on a busy machine
        why="Every query is on its way before your flow waits for any of them. And because you collect from your own "
        "list of futures, it doesn't matter which query ends first.",
        variation="Do the same with `map`, in one line.",
    ),
    Exercise(
        id="2.2",
        title="The same list for every task",
        kind="fix",
        minutes=6,
        entry="with_words",
        hints=(
            "How many words was each task run given, and which one was it?",
            "`map` deals out every list that it's given. Look for `unmapped` at "
            f"{DOCS}/how-to-guides/workflows/run-work-concurrently",
            "`count.map(indexes, …, …).result()`: which of the three arguments should be dealt out, and which two "
            "should stay whole?",
        ),
        grade=mapped,
        why="`unmapped` keeps a list in one piece, so each task run is given all of it, and only `indexes` decides how "
        "many task runs there are.",
        variation="Take `unmapped` away again and run `with_words([1, 2, 3], 0.1, ['a', 'b'])`. Prefect refuses: lists "
        "of different lengths can't be dealt out together. With three words it wouldn't notice.",
    ),
    Exercise(
        id="2.3",
        title="Two of them fail",
        minutes=10,
        entry="what_there_is",
        hints=(
            "Which line of your flow raises the error of a failed task? Can you find out how a task ended without it?",
            "`wait(futures)` raises nothing, and `future.state` then tells how each task ended. See "
            f"{DOCS}/api-ref/python/prefect-futures and {DOCS}/concepts/states",
            "Submit all, wait for all, make a list `completed` of `future.state.is_completed()`, and build the two "
            "lists with `zip(futures, completed)` and `zip(indexes, completed)`.",
        ),
        grade=two_fail,
        seconds=240,  # a pool of processes, on a busy machine
        why="`wait` waits for every task and raises nothing, so your flow decides what a failure means. The failed "
        "task runs still end Failed, so everybody can see them in the web UI.",
        variation="Return only the answers, and forget about those that failed. Would anyone notice in the morning?",
    ),
)
