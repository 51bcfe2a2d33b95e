"""Lesson 12: everything together, as in the production flow of `flows/prefect_flow.py`, in four steps.

Each step asks for all of the step before, and for one thing more. So the graders are parts of the last one.
"""

from collections.abc import Collection

from flows.warehouse import QUERIES
from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect, failures, publication
from workbook.grading.exercises.lesson_9 import NUMBERS, SECONDS, cleaned_up, runs_of, unsorted
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer

Rows = dict[int, list]  # the rows of each query


def limited(answer: Answer) -> None:
    """12.1: one night on which a retry helps."""
    publication.publish_former(answer)
    former = publication.shown(answer)
    seen, rows = good_night(answer)
    publication.written(answer, former, files(rows))
    expect.result(seen, counts(rows))


def tidied(answer: Answer) -> None:
    """12.2: with clean-ups, also on a night on which one query fails for good while another is held."""
    limited_and_tidied(answer)
    seen, dead = bad_night(answer, 1)
    if seen.state.is_completed():
        raise NotYet(
            f"Your flow ended {seen.state.name}, although query {dead[0]} failed on every try.",
            "It should end Failed.",
            "Clean up first, then call `.result()` on every future: that raises the error again.",
        )  # fmt: skip
    failures.ended_failed(seen, dead)


def named(answer: Answer) -> None:
    """12.3: two queries fail for good."""
    limited_and_tidied(answer)
    seen, dead = bad_night(answer, 2)
    failures.failed(seen, dead)


def nightly(answer: Answer) -> None:
    """12.4: the good night is published and the bad one, with other queries under another limit, is not."""
    publication.publish_former(answer)
    former = publication.shown(answer)
    slots, other = answer.rng.sample([2, 3], 2)
    seen, rows = good_night(answer, slots)
    in_order(seen)
    publication.now_published(answer, former, files(rows), swept=True)
    expect.result(seen, {
        "queries": len(rows), "rows": sum(counts(rows)), "output": str(publication.out(answer)),
    })  # fmt: skip

    before = publication.shown(answer)
    seen, dead = bad_night(answer, 2, other, rows)  # a file that is written again looks as before
    publication.still_published(answer, before, dead[0])
    failures.failed(seen, dead)


# ----------------------------------------
# Nights


def limited_and_tidied(answer: Answer) -> None:
    """A good night of an answer that publishes nothing yet."""
    publication.publish_former(answer)
    former = publication.shown(answer)
    seen, rows = good_night(answer)
    in_order(seen)
    publication.written(answer, former, files(rows), swept=True)
    expect.result(seen, counts(rows))


def good_night(answer: Answer, slots: int = 0) -> tuple[Run, Rows]:
    """A night on which a retry helps: each query was tried as often as needed, in its own task run, under the limit.

    Args:
        answer: the learner's.
        slots: of the limit on the tag `database`; by default two or three.

    Returns:
        The run, and the rows that it should have found.
    """
    slots = slots or answer.rng.choice([2, 3])
    indexes = unsorted(answer, 2 * slots + 1)
    shaky = answer.rng.choice(indexes[1:])
    failures.cause(answer, {shaky: 2})
    with answer.limit("database", slots):
        seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, slots)]))
        tried_again(seen, shaky)
        failures.tries(seen, dict.fromkeys(indexes, 1) | {shaky: 3}, SECONDS)
        failures.at_most(seen, shaky, 3)
        expect.completed(seen)
        limit_held(seen, slots, indexes)
        concurrency.peak(seen, slots, indexes, tag="database")
        concurrency.slots_returned("database")
    return seen, dict(zip(indexes, expect.rows_of(indexes), strict=True))


def bad_night(answer: Answer, deaths: int, slots: int = 0, not_these: Collection[int] = ()) -> tuple[Run, list[int]]:
    """A night on which some queries fail for good: all others ran to their end, and then the clean-ups.

    Args:
        answer: the learner's.
        deaths: how many queries fail.
        slots: of the limit on the tag `database`; by default two or three.
        not_these: queries that are left out.

    Returns:
        The run, and the queries that failed.
    """
    slots = slots or answer.rng.choice([2, 3])
    indexes = answer.rng.sample([index for index in NUMBERS if index not in not_these], 5)
    dead = [indexes[0], indexes[-1]][:deaths]  # one before the query that is held, one after it
    with answer.limit("database", slots):
        seen = failures.with_one_held(answer, indexes, dead, SECONDS, tries=3)
        for name in ("cleanup1", "cleanup2"):
            runs_of(seen, name, failed=dead[0])
        failures.all_asked(seen, indexes, dead[0])
        failures.tries(seen, dict.fromkeys(indexes, 1) | dict.fromkeys(dead, 3), SECONDS)
        limit_held(seen, slots, indexes)
        in_order(seen, failed=dead[0])
        concurrency.slots_returned("database")
    return seen, dead


def tried_again(seen: Run, shaky: int) -> None:
    """A flow that failed because of a query that would have answered the third time did try it so often."""
    count = sum(query.index == shaky for query in seen.asked)
    if 0 < count < 3 and not seen.state.is_completed():
        raise NotYet(
            f"Query {shaky}, on which the database failed, ran {count} time{'s' if count > 1 else ''}. "
            f"Your flow ended {seen.state.name}: {seen.error or seen.state.message}",
            "It should have had three tries in all.",
            failures.why_not_again(seen, shaky, 3),
        )  # fmt: skip


def limit_held(seen: Run, slots: int, indexes: Collection[int]) -> None:
    """The server's limit held: nobody changed it, and every query's task run carries its tag."""
    concurrency.limit_kept("database", slots)
    concurrency.never_above(seen, slots, tag="database")
    concurrency.all_tagged(seen, list(indexes), "database")


def in_order(seen: Run, failed: int | None = None) -> None:
    """The queries, then cleanup1, then cleanup2."""
    first, second = (cleaned_up(seen, name, failed) for name in ("cleanup1", "cleanup2"))
    concurrency.all_before(first, second, "cleanup1", "cleanup2")
    (one,), (other,) = first, second
    if other.created < one.end and one.id not in other.parents:
        raise NotYet(
            "cleanup2 was submitted before cleanup1 had ended, and nothing made it wait.",
            "cleanup2 should begin when cleanup1 has ended.",
            "This time cleanup1 happened to be quicker. Call it instead of submitting it, or name its future in the "
            "other's `wait_for`.",
        )


def files(rows: Rows) -> dict[str, dict]:
    """What the files of these queries should hold, by name."""
    return {
        f"{index:02d}_{QUERIES[index].name}.json": {"question": QUERIES[index].question, "rows": found}
        for index, found in rows.items()
    }


def counts(rows: Rows) -> list[int]:
    return [len(found) for found in rows.values()]


EXERCISES = (
    Exercise(
        id="12.1",
        title="Queries under a limit",
        minutes=10,
        entry="nightly_etl",
        hints=(
            "What must the decorator of `query` say, so that the server limits it and Prefect tries it again?",
            "`@task` takes `tags`, `retries` and `retry_delay_seconds`: "
            "https://docs.prefect.io/v3/how-to-guides/workflows/tag-based-concurrency-limits and "
            "https://docs.prefect.io/v3/how-to-guides/workflows/retries",
            "`@task(task_run_name=…, tags=[…], retries=…, retry_delay_seconds=…)`. In the flow: a list of futures, "
            "each from `query.submit(index, seconds, str(folder))`, and then a list of their results.",
        ),
        grade=limited,
        why="The server counts the task runs with the tag, whichever flow they belong to, so the limit holds for all "
        "flows together. Each query's task run has its own tries and its own file.",
        variation="Run your flow twice at the same time, from two notebooks, and look at both in the web UI: together "
        "they keep to three queries. (Checks run on their own server and don't show up there.)",
        seconds=150,  # a pool of processes takes long to start on a busy machine
    ),
    Exercise(
        id="12.2",
        title="Two clean-ups in order",
        minutes=6,
        entry="nightly_etl",
        hints=(
            "A query has failed and another is still running. Which line of your flow waits for both?",
            "`wait(futures)` waits for all and raises nothing: "
            "https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently. A task that you call has ended "
            "before the next line runs.",
            "Between submitting and collecting, inside the `with` block: `wait(…)`, then the first clean-up, then the "
            "second.",
        ),
        grade=tidied,
        why="`wait` returns when every query has completed or failed, so no clean-up takes a connection away "
        "from a running query. `.result()` comes last, because it may raise.",
        variation="Collect the results before `wait(futures)`, and check again: which task runs are missing when a "
        "query fails, and why?",
        seconds=240,
    ),
    Exercise(
        id="12.3",
        title="An error that names every failure",
        kind="fix",
        minutes=5,
        entry="nightly_etl",
        hints=(
            "Which failed query does your error name now, and why only that one?",
            "After `wait`, each future's `.state` says how its query ended, without raising: see "
            "https://docs.prefect.io/v3/concepts/states",
            "`failed = [index for index, future in zip(…, …) if …]`, and if that list isn't empty, `raise` an error "
            "whose message contains it.",
        ),
        grade=named,
        why="`.result()` raises at the first failure, so the others stay unknown. The states are all there after "
        "`wait`: you can read every one of them before you raise.",
        variation="Name the question too: `warehouse.QUERIES[index].question` says what I won't know this morning.",
        seconds=240,
    ),
    Exercise(
        id="12.4",
        title="Publish all or nothing",
        minutes=8,
        entry="nightly_etl",
        hints=(
            "At which line of your flow do you know that every query went well?",
            "`publishing.publish(folder)` makes the run's folder visible, and `publishing.out()` is the link that "
            "leads to it: see lesson 09. A flow that raises before that line publishes nothing. How a flow run fails: "
            "https://docs.prefect.io/v3/concepts/flows",
            "Still inside the `with` block, after the `if` that raises: `publishing.publish(…)`. Then return "
            "`{\"queries\": …, \"rows\": sum(…), \"output\": str(…)}`.",
        ),
        grade=nightly,
        why="Everything that can fail comes before the one step that readers can see. That is the whole production "
        "flow: limit, retries, clean-up, a clear error, and results that are complete or not there.",
        variation="Deploy it as in lesson 10. Its file also needs the imports, default values, `save` and both clean-"
        "ups; `warehouse.query` can replace `ask`.",
        seconds=240,
    ),
)  # fmt: skip
