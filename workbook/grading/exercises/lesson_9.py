"""Lesson 9: a flow for production: retries, a clean-up that always runs, results published all or not at all."""

from collections.abc import Collection

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect, failures, publication
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import together
from workbook.runs.records import task_runs_of
from workbook.timelines.timeline import Span, Timeline

SECONDS = 0.11  # of each query
NUMBERS = range(6, 20)  # of the queries: apart from the small numbers that a message may hold besides


def retried(answer: Answer) -> None:
    """One run in which a retry helps, and one in which it doesn't."""
    indexes = unsorted(answer, 5)
    once, twice = answer.rng.sample(indexes, 2)
    failures.cause(answer, {once: 1, twice: 2})
    seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, 2)]))
    failures.tries(seen, dict.fromkeys(indexes, 1) | {once: 2, twice: 3}, SECONDS)
    expect.result(seen, expect.rows_of(indexes))
    side_by_side(seen, indexes)

    indexes = answer.rng.sample(NUMBERS, 3)
    dead = answer.rng.choice(indexes)
    failures.cause(answer, {dead: failures.FOR_GOOD})
    seen = answer(indexes, SECONDS)
    failures.tries(seen, dict.fromkeys(failures.asked(seen), 1) | {dead: 3}, SECONDS)
    failures.failed(seen, [dead])


def cleaned(answer: Answer) -> None:
    """One run that goes well, and one in which the first query fails while another is held."""
    indexes = unsorted(answer, 4)
    seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, 2)]))
    expect.asked_in_tasks(seen, indexes, SECONDS)
    side_by_side(seen, indexes)
    cleaned_up(seen, "cleanup")
    expect.result(seen, expect.rows_of(indexes))

    indexes = answer.rng.sample(NUMBERS, 5)
    dead = [indexes[0], indexes[-1]]  # one before the query that is held, one after it
    seen = failures.with_one_held(answer, indexes, dead, SECONDS)
    expect.inside_tasks(seen, failures.asked(seen))
    runs_of(seen, "cleanup", failed=dead[0])
    failures.all_asked(seen, indexes, dead[0])
    expect.took(seen, SECONDS)
    cleaned_up(seen, "cleanup", failed=dead[0])
    failures.failed(seen, dead)


def published(answer: Answer) -> None:
    """One run in which a query fails, which must change nothing, and two that go well, each in a new folder."""
    publication.publish_former(answer)
    before = publication.shown(answer)
    indexes = answer.rng.sample(NUMBERS, 4)
    dead = indexes[-2]  # an answer that collects in order has results by then, and another one comes after it
    failures.cause(answer, {dead: failures.FOR_GOOD})
    seen = answer(indexes, SECONDS)
    expect.inside_tasks(seen, {dead} | failures.asked(seen))
    publication.still_published(answer, before, dead)
    failures.ended_failed(seen, [dead])
    failures.cause(answer, {})
    earlier = set(map("{:02d}.json".format, indexes))

    for count in (3, 2):
        before = publication.shown(answer)
        indexes = unsorted(answer, count)
        seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, 2)]))
        expect.completed(seen)
        expect.asked_in_tasks(seen, indexes, SECONDS)
        rows = dict(zip(indexes, expect.rows_of(indexes), strict=True))
        files, swept = {f"{index:02d}.json": rows[index] for index in indexes}, "sweep(" in answer.source.text
        publication.now_published(answer, before, files, earlier, swept)
        earlier |= set(map("{:02d}.json".format, indexes))
        if publication.contents(before.folder) != before.files:
            raise NotYet(
                "Your flow changed or removed the folder that was published before.", "It should stay as it was.",
                "Someone may still be reading it: only switch the link, and leave old folders to a later "
                "`publishing.sweep()`.",
            )  # fmt: skip
        side_by_side(seen, indexes)
        expect.result(seen, [f"{index:02d}.json" for index in indexes])


# ----------------------------------------
# For this lesson and the capstone


def unsorted(answer: Answer, count: int) -> list[int]:
    """So many queries, in an order that sorting would change."""
    while (indexes := answer.rng.sample(NUMBERS, count)) == sorted(indexes):
        pass
    return indexes


def queries(seen: Run) -> Timeline:
    """The task runs in which queries were asked."""
    homes = {query.task_run_id for query in seen.asked}
    return Timeline(tuple(span for span in seen.timeline if span.id in homes))


def side_by_side(seen: Run, indexes: Collection[int]) -> None:
    """At least two queries were in flight together, at a gate that waited for two."""
    if not together(seen.asked, [(sorted(indexes), 2)]):
        raise NotYet(
            "Your queries ran one at a time.", "They should run side by side.", concurrency.held_back(queries(seen))
        )


def runs_of(seen: Run, name: str, failed: int | None = None) -> list[Span]:
    """The task runs of this clean-up: there is one at least, and one has begun.

    Args:
        seen: the run.
        name: the name of its task.
        failed: a query that failed for good in this run.
    """
    found = [span for span in seen.timeline if span.task == name or span.name.rpartition("-")[0] == name]
    if not found and any(record.name.rpartition("-")[0] == name for record in task_runs_of(seen.flow_run_id)):
        raise NotYet(
            f"{name!r} began only after your flow run had ended.", _once(failed),
            "A hook such as `on_completion` runs after the flow run: call the clean-up inside the flow.",
        )  # fmt: skip
    if not (found or failed or seen.state.is_completed()):
        error = str(seen.error or seen.state.message).rstrip(".")
        raise NotYet(f"Your flow ended {seen.state.name}: {error}.", "It should complete, as no query fails.")
    if not found:
        raise NotYet(
            f"There was no task run of {name!r}{f' when query {failed} failed' if failed else ''}.", _once(failed),
            "An error skips the lines after it: that of a failed query's `.result()`, and one that you raise." if failed
            else f"Call or submit the task `{name}` (a plain function makes no task run), on a line that the flow also "
            "reaches when no query fails.",
        )  # fmt: skip
    if all(span.start is None for span in found):
        left = [
            record.name for record in task_runs_of(seen.flow_run_id) if record.state and record.state.is_scheduled()
        ]
        if {span.name for span in found} <= set(left):
            raise NotYet(
                f"{name!r} never began: its task run is still Scheduled.", _once(failed),
                f"`{name}.delay()` leaves it to a worker in the background, and none runs: call or submit the task.",
            )  # fmt: skip
        raise NotYet(
            f"{name!r} was submitted but never began{f' after query {failed} had failed' if failed else ''}.",
            _once(failed),
            "Prefect doesn't start a task if anything in its `wait_for` has failed: call `wait(futures)` before you "
            "submit it, or put each future in `allow_failure(…)`.",
        )  # fmt: skip
    return found


def _once(failed: int | None) -> str:
    return f"It should run once, after every query has ended{', even if one has failed' if failed else ''}."


def cleaned_up(seen: Run, name: str, failed: int | None = None) -> Timeline:
    """This clean-up ran once and completed, and every query had ended before it began.

    Args:
        seen: the run.
        name: the name of its task.
        failed: a query that failed for good in this run.

    Returns:
        The clean-up's task run.
    """
    found = runs_of(seen, name, failed)
    expected = _once(failed)
    if len(found) > 1:
        raise NotYet(
            f"{name!r} ran {len(found)} times.",
            expected,
            "Call it at one place that every run passes: not in a loop, and not in both `except` and `finally`.",
        )
    if found[0].state != "COMPLETED":
        raise NotYet(f"{name!r} ended {found[0].state}: {expect.last_words(found[0])}", "It should complete.")
    spans = queries(seen)
    if not Timeline.before(spans, found):
        late = max(spans, key=lambda span: float("inf") if span.end is None else span.end)
        raise NotYet(
            f"{name!r} began before {late.name} had ended.", expected,
            f"Query {failed} had failed, but others were still running: `wait(futures)` waits for all of them."
            if failed else "Wait for all futures before you submit it, or name them in `wait_for`.",
        )  # fmt: skip
    return Timeline(tuple(found))


EXERCISES = (
    Exercise(
        id="9.1",
        title="Retry a query, not the flow",
        kind="fix",
        minutes=5,
        entry="persistent",
        hints=(
            "Which part of the night failed and should run again: the whole flow, or one of its queries?",
            "`retries` and `retry_delay_seconds` belong to the decorator of the part that should run again. See "
            "https://docs.prefect.io/v3/how-to-guides/workflows/retries",
            "`@task(task_run_name=…, retries=…, retry_delay_seconds=…)` above `query`, and a plain `@flow` above "
            "`persistent`. How many tries come after the first?",
        ),
        grade=retried,
        why="Prefect retries only the task run that failed. The other queries don't run twice, and the server's record "
        "shows every try.",
        variation="Run your flow in a new cell, inside `with flaky({1: 2}):`, and look at the states of query 1's task "
        "run in the web UI. (Checks run on their own server and don't show up there.)",
        seconds=240,  # a pool of processes takes long to start on a busy machine
    ),
    Exercise(
        id="9.2",
        title="A clean-up that always runs",
        kind="fix",
        minutes=9,
        entry="tidy",
        hints=(
            "What does `.result()` do when its task has failed, and what happens to the lines after it?",
            "`wait(futures)` waits for every future and raises nothing; after it, `future.state` says how each one "
            "ended. See https://docs.prefect.io/v3/how-to-guides/workflows/run-work-concurrently",
            "In this order: submit all · `wait(…)` · the clean-up · `failed = [… if not future.state.is_completed()]` "
            "· `if failed: raise …` with the numbers in its message · the results.",
        ),
        grade=cleaned,
        why="`wait` returns only when every query has ended, and raises nothing. So the clean-up always runs, and "
        "you decide afterwards what the failures mean.",
        variation="Let the error also say why they failed: `future.result(raise_on_failure=False)` returns the "
        "exception of a failed task instead of raising it.",
    ),
    Exercise(
        id="9.3",
        title="Publish all or nothing",
        minutes=10,
        entry="publish_nightly",
        hints=(
            "Where can the tasks write files that nobody reads yet? And what should the flow do last?",
            "`publishing.staging(…)` gives a run its own folder, `publishing.publish(folder)` makes it visible, and "
            "`flow_run.id` names the run: https://docs.prefect.io/v3/concepts/runtime-context",
            "`with publishing.staging(…) as folder:` around everything. Inside it: submit with `str(folder)`, collect "
            "every result, and only then one more line.",
        ),
        grade=published,
        why="`.result()` raises a failed query's error before `publish` is reached, so the link still points to the "
        "previous folder. Switching a link is one step: a reader sees the old results or the new ones, never a "
        "mixture.",
        variation="Call `publishing.sweep()` at the start of the flow: it removes every folder that is neither "
        "published nor in use.",
    ),
)
