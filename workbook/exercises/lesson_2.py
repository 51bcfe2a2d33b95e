"""Lesson 2: submit all, then collect."""

import operator
from collections import Counter
from dataclasses import replace

from workbook.exercises import Exercise, NotYet, expect
from workbook.sandbox import Answer, Run, Strange
from workbook.work import in_flight

SECONDS = 0.1  # of each query


def at_once(answer: Answer) -> None:
    """All meet; in a second run the first query ends late, so the order of ending is another than that of asking."""
    for late in (False, True):
        indexes = answer.chance.sample(range(20), answer.chance.randint(7, 9))
        seen = answer(indexes, SECONDS, gate=_late(answer, indexes) if late else answer.gate([(indexes, len(indexes))]))
        expect.in_order(seen, seen.result, indexes)
        expect.result(seen, expect.rows_of(indexes))
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        if not late:
            expect.side_by_side(seen, indexes)


def _late(answer: Answer, indexes: list[int]) -> str:
    """A gate at which the first query waits for the last, while those in between pass."""
    return answer.gate([([indexes[0], indexes[-1]], 2)])


def mapped(answer: Answer) -> None:
    """As many words as queries: what is not wrapped in unmapped() would be dealt out one by one."""
    for late in (False, True):
        indexes = _with_different_counts(answer)
        words = [f"word-{answer.chance.randrange(1000)}" for _ in indexes]
        gate = _late(answer, indexes) if late else answer.gate([(indexes, len(indexes))])
        seen = answer(indexes, SECONDS, words, gate=gate)
        rows = expect.rows_of(indexes)
        if seen.state.is_completed() and seen.result == [[len(r), word] for r, word in zip(rows, words, strict=True)]:
            raise NotYet(
                "Every task was given one of the words.",
                "Every task should be given the whole list.",
                "map() deals out every list that it is given: wrap what all tasks share in unmapped().",
            )
        expect.result(seen, [[len(r), words] for r in rows])
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        if not late:
            expect.side_by_side(seen, indexes)


def _with_different_counts(answer: Answer) -> list[int]:
    """Four to six queries with different numbers of rows, so that the order shows in the result."""
    numbers = answer.chance.sample(range(20), 20)
    different = {len(rows): index for index, rows in zip(numbers, expect.rows_of(numbers), strict=True)}
    return answer.chance.sample(list(different.values()), answer.chance.randint(4, 6))


def two_fail(answer: Answer) -> None:
    """Two of those that exist meet; in a second run the first of them ends late."""
    for late in (False, True):
        good = answer.chance.sample(range(20), 6)
        bad = answer.chance.sample(range(20, 99), 2)
        indexes = answer.chance.sample([*good, *bad], 8)
        kept, lost = ([index for index in indexes if index in part] for part in (good, bad))
        seen = answer(indexes, SECONDS, gate=_late(answer, kept) if late else answer.gate([(kept, 2)]))
        _two_failed(seen, kept, lost)
        if not late and in_flight(seen.asked, kept) < 2:
            spans = expect.queried(seen, indexes)
            raise NotYet(
                f"At most {spans.peak} of your tasks ran at once, and never two of their queries.",
                "They should run side by side.",
                expect.held_back(spans) if spans.peak < 2
                else "Something inside your task makes it wait again while it is already running, as a lock does.",
            )  # fmt: skip


def _two_failed(seen: Run, kept: list[int], lost: list[int]) -> None:
    _really_failed(seen, kept)
    if not seen.state.is_completed() and "LookupError" in str(seen.error or seen.state.message):
        raise NotYet(
            "One query failed, and with it your flow: the answers of all others are lost.",
            "The flow should complete, with the answers that there are and the numbers of those that failed.",
            "future.result() raises what the task raised: result(raise_on_failure=False) gives it back instead, and "
            "future.state says how the task ended.",
        )
    _answers_and_failed(seen, kept, lost)
    asked = Counter(note.index for note in seen.asked)
    if never := [index for index in lost if not asked[index]]:
        raise NotYet(
            f"Query {never[0]} does not exist, and your flow did not ask it.",
            "It should ask every query of `indexes`: only the database knows which exist.",
            "Submit a task for each, and see how it ends.",
        )
    expect.asked_in_tasks(seen, kept + lost)
    expect.took(replace(seen, asked=tuple(note for note in seen.asked if note.index in kept)), SECONDS)
    expect.nothing_else(seen, kept + lost)
    if well := [span for span in expect.queried(seen, lost) if span.state != "FAILED"]:
        raise NotYet(
            f"{well[0].name} ended {well[0].state.title()}, although its query does not exist.",
            "A task whose query fails should end Failed, where everybody can see it.",
            "Let the exception leave the task, and look at the states when you collect.",
        )


def _really_failed(seen: Run, kept: list[int]) -> None:
    """No query that exists failed, and no task run after its query: an answer that lacks those rows is right."""
    well = {note.index for note in seen.asked if not note.error}
    if errors := [note for note in seen.asked if note.error and note.index in kept and note.index not in well]:
        raise NotYet(
            f"Query {errors[0].index} failed in your run: {errors[0].error.rstrip('.')}.",
            "It exists, so it should have been answered.",
            "If your code didn't cause this, check again.",
        )
    ended = {span.id: span for span in expect.queried(seen, kept)}
    for note in seen.asked:
        span = ended.get(note.task_run_id)
        if note.index in kept and span and span.state in ("FAILED", "CRASHED"):
            raise NotYet(
                f"Query {note.index} was answered, but then its task run, {span.name}, ended {span.state.title()}, "
                f"with: {expect.last_words(span)}",
                "It should end Completed and return the rows.",
                "Look at what your task does besides ask().",
            )

    asked = {note.index for note in seen.asked}
    homes = {note.task_run_id for note in seen.asked}
    early = [span for span in seen.timeline if span.id not in homes and span.state in ("FAILED", "CRASHED")]
    if early and (never := [index for index in kept if index not in asked]):
        raise NotYet(
            f"Query {never[0]} was never asked: the task run {early[0].name} ended {early[0].state.title()} before it "
            f"asked anything, with: {expect.last_words(early[0])}",
            "It should ask its query and return the rows.",
            "Look at what your task does before ask(). If your code didn't cause this, check again.",
        )


def _answers_and_failed(seen: Run, kept: list[int], lost: list[int]) -> None:
    """The flow returned both lists; what is wrong with one is said of that one."""
    found, rows = seen.result, expect.rows_of(kept)
    if seen.state.is_completed() and isinstance(found, dict) and found.keys() == {"answers", "failed"}:
        answers, failed = found["answers"], found["failed"]
        if isinstance(answers, list) and (odd := [part for part in answers if isinstance(part, Strange)]):
            raise NotYet(
                f"There is {odd[0].type} among the answers.",
                "They should be rows, and nothing else.",
                "result(raise_on_failure=False) gives back what the task raised, as if it were its result: "
                "future.state.is_completed() tells the two apart.",
            )
        well = {note.index for note in seen.asked if not note.error}
        if isinstance(failed, list) and (wrongly := [index for index in kept if index in failed and index in well]):
            raise NotYet(
                f"Query {wrongly[0]} was answered, but it is in the list 'failed'.",
                f"That list should be {lost!r}.",
                "Keep each future together with its index. And wait first: before future.wait() or future.result() "
                "returns, future.state may be an old one from the server, also in a loop over as_completed().",
            )
        expect.in_order(seen, answers, kept)
        if isinstance(answers, list) and answers != rows:
            raise NotYet(
                f"{len(answers)} answers came, and {sum(map(operator.eq, answers, rows))} of them are in their place.",
                f"There should be {len(rows)}: the rows of each query that exists, in the order of `indexes`.",
                "Look at what you put into 'answers'.",
            )
        if failed != lost and not (isinstance(failed, list) and any(isinstance(part, Strange) for part in failed)):
            raise NotYet(
                f"As 'failed' you returned {failed!r}.",
                f"It should be {lost!r}.",
                "The index of each query that failed, in the order of `indexes`: zip(indexes, futures) keeps the two "
                "together.",
            )
    expect.result(seen, {"answers": rows, "failed": lost})


EXERCISES = (
    Exercise(
        id="2.1",
        title="All at once, results in order",
        minutes=8,
        entry="all_at_once",
        contract=(
            "Write the flow all_at_once(indexes, seconds). It asks every query of `indexes` with ask(index, seconds), "
            "each in a task run of its own, all at the same time, and returns their rows in the order of `indexes`."
        ),
        hints=(
            "As long as you wait for one, the next is not submitted: two steps, and not one loop.",
            "First a list of futures, then a list of their results.",
            "futures = [query.submit(index, seconds) for index in indexes]",
        ),
        grade=at_once,
    ),
    Exercise(
        id="2.2",
        title="The same with map and unmapped",
        minutes=8,
        entry="with_words",
        contract=(
            "Write the flow with_words(indexes, seconds, words). For every query of `indexes` a task run of its own, "
            "all at the same time, asks it and returns [number of its rows, words]: every one is given the whole list "
            "`words`. The flow returns these pairs in the order of `indexes`."
        ),
        hints=(
            "task.map(indexes, …) makes a task run for every index; .result() on what it returns collects in order.",
            "map() deals out every list that it is given. unmapped(words) stays whole.",
            "count.map(indexes, unmapped(seconds), unmapped(words)).result()",
        ),
        grade=mapped,
    ),
    Exercise(
        id="2.3",
        title="Two of them fail",
        minutes=12,
        entry="what_there_is",
        contract=(
            "Write the flow what_there_is(indexes, seconds). It asks every query of `indexes`, in task runs side by "
            "side. Some do not exist, and ask() raises LookupError. The flow completes all the same, and returns "
            '{"answers": [rows of each that could be answered, in order], "failed": [indexes of the others, in order]}.'
        ),
        hints=(
            "A failed task need not fail the flow: it is future.result() that raises.",
            "future.result(raise_on_failure=False) gives the exception back; future.wait() and then future.state tell "
            "how the task ended.",
            "Submit all, wait for all, and then sort them by future.state.is_completed().",
        ),
        grade=two_fail,
    ),
)
