"""Lesson 6: limits that limit nothing, or too much, each to be fixed; and slots that leaked, to be freed.

Every grader first looks for the mistake that its broken flow makes, and names it; then for what a fix may have broken
instead.
"""

import contextlib
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.exceptions import ObjectNotFound

from workbook.grading.exercises import concurrency, expect
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer, AnswerError
from workbook.timelines.timeline import Span

SECONDS = 0.11  # of each query
REPORTING, LEDGER = "reporting", "ledger"  # this lesson's own tags


# ----------------------------------------
# 6.1 The tag with a typo


def tagged(answer: Answer) -> None:
    """Every query has the tag, and they use its limit to the full, whatever it is.

    Each report alone is shorter than the limit, so one after the other cannot fill it.
    """
    for slots in (3, 4):
        indexes = answer.rng.sample(range(20), 2 * slots - 2)
        with answer.limit(REPORTING, slots):
            seen = answer(
                indexes[: slots - 1], indexes[slots - 1 :], SECONDS, gate=answer.gate([(indexes, slots)])
            )  # fmt: skip
            expect.result(seen, expect.rows_of(indexes))
            expect.asked_in_tasks(seen, indexes, SECONDS)
            concurrency.all_tagged(seen, indexes, REPORTING)
            concurrency.limit_kept(REPORTING, slots)
            concurrency.never_above(seen, slots, tag=REPORTING)
            concurrency.slots_returned(REPORTING)
            concurrency.peak(seen, slots, indexes, tag=REPORTING)


# ----------------------------------------
# 6.2 The task that waits for itself


def not_deadlocked(answer: Answer) -> None:
    """With a single slot, all reports come to their end, and no query runs without a slot."""
    indexes = answer.rng.sample(range(20), 2)
    with answer.limit(LEDGER, 1):
        seen = answer(indexes, SECONDS)
        if "Timeout" in str(seen.error):
            raise NotYet(
                "Your flow gave up waiting for a task run to end.", "Its tasks shouldn't wait for each other.",
                "A timeout ends the deadlock, but doesn't fix it: a task that holds the only slot must not wait for "
                "another one that needs it.",
            )  # fmt: skip
        concurrency.limit_kept(LEDGER, 1)
        expect.result(seen, [len(rows) for rows in expect.rows_of(indexes)])
        expect.asked_in_tasks(seen, indexes, SECONDS)
        spans = {span.id: span for span in seen.timeline}
        for query in seen.asked:
            if not _holds_slot(spans[query.task_run_id], spans):
                raise NotYet(
                    f"Query {query.index} ran in a task run without the tag {LEDGER!r}, and the one around it doesn't "
                    "have it either.",
                    f"Every query should run in a task with the tag {LEDGER!r}.",
                    concurrency.TOOK_SLOTS if concurrency.took_slots(seen, LEDGER) else
                    "Without the tag there is no deadlock, but no limit either. One of the two tasks needs it: the one "
                    "that uses the database.",
                )  # fmt: skip
        concurrency.never_above(seen, 1, tag=LEDGER)
        concurrency.slots_returned(LEDGER)


def _holds_slot(span: Span, spans: dict[str, Span]) -> bool:
    """Whether a task run, or one that it ran in, had the tag. Prefect records the enclosing task run as an input."""
    if LEDGER in span.tags:
        return True
    around = [spans[parent] for parent in span.parents if parent in spans]
    return any(_holds_slot(one, spans) for one in around if one.end is None or one.end >= span.end)


# ----------------------------------------
# 6.3 Leaked slots


def freed(answer: Answer) -> None:
    """Slots that nothing holds, on one limit, next to two limits whose taken slots must stay taken."""
    tag, other = f"leak-{answer.rng.randrange(10**8)}", "leak-other"
    similar = f"{tag}-{tag}"  # begins and ends with the tag
    slots = answer.rng.randrange(4, 9)
    leaked = answer.rng.randrange(3, slots + 1)  # neither is a number of the lesson's
    identity = _leaky(tag, slots, leaked)
    _leaky(other, 3, 2)
    _leaky(similar, 3, 2)
    for case in ("after your call", "after a second call"):
        try:
            answer.call(tag)
        except AnswerError as error:
            if "ObjectNotFound" not in str(error):
                raise
            raise NotYet(
                f"`free_slots({tag!r})` raised {str(error).removesuffix(': None')}: the server has no limit with the "
                "name that you used.",
                f"It should free the slots of the limit on the tag {tag!r}.",
                f"Prefect keeps it as a global limit named 'tag:{tag}': `tag:`, and then the argument `tag`.",
            ) from None
        _is_free(answer, tag, slots, leaked, identity, case)
        for name, why in (
            (other, "Task runs that are still running may hold their slots."),
            (similar, "Its name only contains the tag: use the limit whose whole name is `tag:` and the tag."),
        ):
            neighbour = _limit(name)
            if neighbour is None or (neighbour.limit, neighbour.active_slots) != (3, 2):
                raise NotYet(
                    f"`free_slots({tag!r})` changed the limit on {name!r} as well.",
                    "Other limits should stay as they are.",
                    why,
                )


def _leaky(tag: str, slots: int, leaked: int) -> UUID:
    """Create a limit with slots that nothing holds."""
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        identity = client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=leaked))
    return identity


def _limit(tag: str) -> GlobalConcurrencyLimitResponse | None:
    with get_client(sync_client=True) as client, contextlib.suppress(ObjectNotFound):
        return client.read_global_concurrency_limit_by_name(f"tag:{tag}")
    return None


def _is_free(answer: Answer, tag: str, slots: int, leaked: int, identity: UUID, case: str) -> None:
    found = _limit(tag)
    if found is None:
        with get_client(sync_client=True) as client:
            held = {limit.id: limit.name for limit in client.read_global_concurrency_limits(limit=200, offset=0)}
        if identity in held:
            raise NotYet(
                f"The limit named 'tag:{tag}' has the name {held[identity]!r} {case}.",
                "It should keep its name, which is how the server finds it.",
                "Leave `name` out of your update.",
            )
        raise NotYet(
            f"The server has no limit on {tag!r} {case}.",
            f"The limit of {slots} should still be there.",
            "Without it, every task with the tag runs without a limit: update the limit instead of deleting it.",
        )
    if found.id != identity:
        raise NotYet(
            f"The limit on {tag!r} is a new one {case}.",
            "It should be the same one, with its slots free.",
            "Between deleting a limit and creating it again, tasks run without a limit, and each client remembers that "
            "for a while. Update it instead.",
        )
    if found.limit != slots or not found.active:
        raise NotYet(
            f"The limit on {tag!r} is {found.limit if found.active else 'disabled'} {case}.",
            f"It should be {slots}, as before.",
            "More slots don't bring back those that leaked, and the limit was there for a reason."
            if found.active and found.limit > slots
            else "Change only the number of slots that are taken.",
        )
    if found.active_slots:
        raise NotYet(
            f"The limit on {tag!r} has {found.active_slots} of its {slots} slots taken {case}; {leaked} had leaked.",
            "None should be taken.",
            expect.AWAIT_OR_SYNC
            if expect.NEVER_AWAITED in answer.printed()
            else "To set `active_slots` on what you have read changes nothing on the server: send it there, with "
            "`client.update_global_concurrency_limit(…)`."
            if "active_slots" in answer.source.text and "update" not in answer.source.text
            else f"Set `active_slots` of the global limit `tag:{tag}` to 0. `prefect concurrency-limit reset` doesn't "
            "change it.",
        )


EXERCISES = (
    Exercise(
        id="6.1",
        title="The tag with a typo",
        kind="fix",
        minutes=4,
        entry="both_reports",
        hints=(
            "Which of the two tasks has no limit? Compare their tags, letter by letter.",
            "The limit is on `reporting`, and a tag needs exactly that name: see "
            "https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits",
            "Write the name once, as `REPORTING = …`, and use it above both tasks: `@task(tags=[…])`.",
        ),
        grade=tagged,
        why="The server finds the limit by the tag's name, so both kinds of task runs now ask for the same slots.",
        variation='Give one task a second tag, as in `tags=["reporting", "reviews"]`, and check again. A task run '
        "needs a slot for each of its tags that has a limit, and `reviews` has none.",
    ),
    Exercise(
        id="6.2",
        title="The task that waits for its own slot",
        kind="fix",
        minutes=7,
        entry="counts",
        hints=(
            "Two tasks, one slot. Which task run has the slot, and what does it wait for?",
            "A task run holds its slot from start to end, even while it only waits for another task. Which of the two "
            "uses the database? See https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits",
            "`@task(tags=[…])` above one of the two tasks, and plain `@task` above the other.",
        ),
        grade=not_deadlocked,
        why="Only the task that uses the database needs a slot. The report waits without one, so its query gets it.",
        variation="Now tag the report and not the query. That passes as well, but then any other work in the "
        "report would also hold the slot.",
        seconds=30,  # the broken flow hangs for all of it
    ),
    Exercise(
        id="6.3",
        title="Free leaked slots",
        kind="write",
        minutes=7,
        entry="free_slots",
        hints=(
            "The server keeps the number of taken slots with the limit. Can you set it like the limit's size?",
            "In a shell it's `prefect gcl update tag:NAME --active-slots 0`. Prefect's client has a method that does "
            "the same: see https://docs.prefect.io/v3/how-to-guides/workflows/global-concurrency-limits",
            "`client.update_global_concurrency_limit(…, GlobalConcurrencyLimitUpdate(…))`, with the name of the limit "
            "and the one field that changes. The class is in `prefect.client.schemas.actions`.",
        ),
        grade=freed,
        why="`active_slots` is just a number in the server's database. Once the leases are lost, nothing compares it "
        "with what really runs, so you have to.",
        variation="Leak two slots of `pitfall-leak` again, as above, and run `observe(under_the_limit, 4, 0.5).plot()` "
        "before and after your function frees them. How many run at once?",
    ),
)
