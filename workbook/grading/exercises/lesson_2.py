"""Lesson 2: many queries at once, their results in order, and those that fail."""

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.missing import late_first, two_fail
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer

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
        gate = late_first(answer, indexes) if late else answer.gate([(indexes, len(indexes))])
        seen = answer(indexes, SECONDS, gate=gate)
        expect.in_order(seen, seen.result, indexes)
        expect.result(seen, expect.rows_of(indexes))
        expect.asked_in_tasks(seen, indexes, SECONDS)
        expect.nothing_else(seen, indexes)
        if not late:
            concurrency.side_by_side(seen, indexes)


# ----------------------------------------
# 2.2 The same list for every task


def mapped(answer: Answer) -> None:
    """As many words as queries: what is not wrapped in unmapped() is dealt out. In a second run there is one more."""
    for late in (True, False):
        indexes = _with_different_counts(answer)
        words = [f"word-{answer.rng.randrange(1000)}" for _ in [*indexes, None][late:]]
        gate = late_first(answer, indexes) if late else answer.gate([(indexes, len(indexes))])
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
    if "MemoryError" in error:
        raise NotYet(
            "Your flow failed: it ran out of memory.",
            "Every task should be given the whole list `words`.",
            "If you give `map` something without an end, such as `itertools.repeat`, it makes a list of it and never "
            "gets done: wrap what all task runs share in `unmapped()`.",
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
            "What was each task run given: the whole list, or one word of it?",
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
        title="Some queries fail",
        minutes=10,
        entry="what_there_is",
        hints=(
            "Which line of your flow raises the error of a failed task? Can you find out how a task ended "
            "without that line?",
            "`wait(futures)` raises nothing, and `future.state` then tells how each task ended. See "
            f"{DOCS}/api-ref/python/prefect-futures and {DOCS}/concepts/states",
            "Submit all, wait for all, make a list `completed` of `future.state.is_completed()`, and build the two "
            "lists with `zip(futures, completed)` and `zip(indexes, completed)`.",
        ),
        grade=two_fail,
        seconds=240,  # a pool of processes, on a busy machine
        why="`wait` waits for every task and raises nothing, so your flow decides what a failure means. The task "
        "run of a query that fails still ends Failed, so everybody can see it in the web UI.",
        variation="Return only the answers, and forget about those that failed. Would anyone notice in the morning?",
    ),
)
