"""Lesson 3: a limit that the server holds, for every client."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.schedules import scheduled
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer, AnswerError
from workbook.prefect_server.limits import read_limit, remove_limit
from workbook.timelines.timeline import Timeline

SECONDS = 0.11  # of each query


# ----------------------------------------
# 3.1


def limited(answer: Answer) -> None:
    """Two runs, under a limit below the three of the stub's task runner or equal to it, and under one above it."""
    cases = [answer.rng.choice([2, 3]), answer.rng.choice([6, 7])]
    answer.rng.shuffle(cases)
    for slots in cases:
        indexes = answer.rng.sample(range(20), 2 * slots + 1)
        with answer.limit("database", slots):
            seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, slots)]))
            expect.result(seen, expect.rows_of(indexes))
            expect.asked_in_tasks(seen, indexes, SECONDS)
            concurrency.limit_kept("database", slots)
            _not_held_back(seen, slots, indexes)
            concurrency.peak(seen, slots, indexes, tag="database")
            concurrency.all_tagged(seen, indexes, "database")
            concurrency.slots_returned("database")


def _not_held_back(seen: Run, slots: int, indexes: list[int]) -> None:
    """The task runs filled the limit: nothing else held them back, such as a pool with fewer threads."""
    spans = seen.timeline.where(tag="database")
    if 0 < spans.peak < slots:
        concurrency.all_tagged(seen, indexes, "database")
        raise NotYet(
            f"At most {spans.peak} of your tasks ran at once.",
            f"It should have been {slots}, the limit on the server.",
            concurrency.held_back(spans),
        )


# ----------------------------------------
# 3.2


def ensured(answer: Answer) -> None:
    """Created, unchanged, raised and lowered, while a slot is taken."""
    tag = f"exercise-{answer.rng.randrange(10**6)}"
    low, first, high = sorted(answer.rng.sample(range(2, 9), 3))
    try:
        _set(answer, tag, first, "without a limit")
        with get_client(sync_client=True) as client:
            client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=1))
            limit_id = client.read_global_concurrency_limit_by_name(f"tag:{tag}").id
        before = first
        for slots in (first, *answer.rng.sample([low, high], 2)):
            _set(
                answer, tag, slots, f"with a limit of {before}",
                "A limit that exists already must be updated, whether the new one is higher or lower.",
            )  # fmt: skip
            before = slots
            if not read_limit(tag).active_slots:
                with get_client(sync_client=True) as client:
                    same = client.read_global_concurrency_limit_by_name(f"tag:{tag}").id == limit_id
                raise NotYet(
                    "After your call no slot was taken, although a task run still held one.",
                    "Changing the limit should leave its taken slots alone.",
                    "Leave `active_slots` out of your update."
                    if same
                    else "You deleted the limit and created a new one, which counts from zero: update it instead.",
                )
    finally:
        remove_limit(tag)


def _set(answer: Answer, tag: str, slots: int, case: str, cause: str = "") -> None:
    """Call the answer, and look on the server for what it should have done."""
    call = f"`ensure_limit({tag!r}, {slots})` on a tag {case}"
    try:
        answer.call(tag, slots)
    except AnswerError as error:
        if "ObjectNotFound" in str(error):
            cause = "The limit of a tag is a global limit whose name begins with `tag:`."
            if "tag:" in answer.source.text and read_limit(tag) is None:
                cause = "There is nothing to update or to read before the limit has been created."
        elif "TypeError" in str(error):
            cause = ""
        raise NotYet(
            f"{call} raised {str(error).removesuffix(': None').rstrip(': ')}.", "It should not fail.", cause
        ) from None
    found = read_limit(tag)
    if found is None:
        raise NotYet(
            f"{call} left no limit on {tag!r}.",
            f"The server should now hold a limit of {slots} on it.",
            _where_it_went(answer, tag),
        )
    if found.decay:
        raise NotYet(
            f"{call} left a limit with a slot decay of {found.decay:g} a second.",
            "It should have none, so that a slot stays taken until its task run ends.",
            "With `slot_decay_per_second`, slots are released by themselves, and more task runs start than the "
            "limit allows.",
        )
    if found.limit != slots:
        raise NotYet(f"{call} left a limit of {found.limit}.", f"It should be {slots}.", cause)


def _where_it_went(answer: Answer, tag: str) -> str:
    """Why the tag has no limit in force, as far as the server or the output shows it."""
    with get_client(sync_client=True) as client:
        held = {limit.name: limit for limit in client.read_global_concurrency_limits(limit=200, offset=0)}
        if f"tag:{tag}" in held:
            return "It holds one, but it is switched off: leave `active` out, or set it to True."
        if tag in held:
            client.delete_global_concurrency_limit_by_name(tag)
            return f"It holds one named {tag!r}, but the limit of a tag is named 'tag:{tag}', with `tag:` in front."
    if expect.NEVER_AWAITED in answer.printed():
        return expect.AWAIT_OR_SYNC
    if "can't open file" in answer.printed():
        return (
            "Python says \"can't open file\": the check runs your function in another folder than your notebook's, so "
            "give the whole path of the file."
        )
    if held:
        return f"It holds one named {min(held)!r}: look at the name that your function gives to the limit."
    return "It holds no limit at all. Does your function create one, and with this name? (An update creates none.)"


# ----------------------------------------
# 3.3


def two_limits(answer: Answer) -> None:
    few, more = answer.rng.sample([3, 4], 2)
    numbers = answer.rng.sample(range(20), few + more + 4)
    queries, calls = numbers[: few + 2], numbers[few + 2 : few + more + 4]
    with answer.limit("partner", more), answer.limit("warehouse", few):
        seen = answer(queries, calls, SECONDS, gate=answer.gate([(queries, few), (calls, more)]))
        if seen.result == [expect.rows_of(calls), expect.rows_of(queries)]:
            raise NotYet(
                "Your flow returned the rows of the calls first.",
                "It should return the rows of the queries first, and then those of the calls.",
                "Look at the `return` of your flow.",
            )
        if seen.result == expect.rows_of(queries + calls):
            raise NotYet(
                f"Your flow returned one list of {len(seen.result)}, the results of the queries and of the calls.",
                "It should return two lists: one for the queries, and one for the calls.",
                "Put the two lists into a list: `+` and `extend` join them.",
            )
        expect.result(seen, [expect.rows_of(queries), expect.rows_of(calls)])
        expect.asked_in_tasks(seen, queries + calls, SECONDS)
        concurrency.limit_kept("warehouse", few)
        concurrency.limit_kept("partner", more)
        if both := [span for span in seen.timeline if {"partner", "warehouse"} <= span.tags]:
            raise NotYet(
                f"{both[0].name} has both tags.",
                "Each task should have only the tag of the resource that it uses.",
                "A task with two tags needs a slot of each limit, and holds both while it runs.",
            )
        concurrency.never_above(seen, few, tag="warehouse")
        concurrency.never_above(seen, more, tag="partner")
        concurrency.all_tagged(seen, queries, "warehouse")
        concurrency.all_tagged(seen, calls, "partner")
        queried, called = (seen.timeline.where(tag=tag) for tag in ("warehouse", "partner"))
        for one, slots, other, said in (
            (queried, few, called, "All queries had ended before the first call began."),
            (called, more, queried, "All calls had ended before the first query began."),
        ):
            if one.peak == slots and Timeline.before(one, other):
                raise NotYet(
                    said,
                    "Both resources should be used at the same time.",
                    "Submit both kinds before you wait for either.",
                )
        for indexes, slots, tag in ((queries, few, "warehouse"), (calls, more, "partner")):
            concurrency.peak(seen, slots, indexes, tag=tag)
        concurrency.met(seen, [(queries, few), (calls, more)])


EXERCISES = (
    Exercise(
        id="3.1",
        title="As many at a time as the server allows",
        kind="fix",
        minutes=4,
        entry="three_at_a_time",
        hints=(
            "Who decides here how many run at once: the flow or the server? Would another flow know about it?",
            "The server limits task runs by their tag. See "
            "https://docs.prefect.io/v3/how-to-guides/workflows/tag-based-concurrency-limits",
            "`@task(tags=[…])` above the task, and a plain `@flow` above the flow: the default task runner starts all "
            "tasks, and the server holds back those over the limit.",
        ),
        grade=limited,
        why="The number is no longer in your code. Each task run asks the server for a slot of the tag's limit, so "
        "you can change the limit without deploying anything.",
        variation="Set the limit to 5 in a new cell, with `!prefect gcl update tag:database --limit 5`, and draw "
        "`observe(three_at_a_time, range(9), 0.5).plot(limit=5)`. Set it back to 3 afterwards.",
    ),
    Exercise(
        id="3.2",
        title="Create or update a limit",
        minutes=8,
        entry="ensure_limit",
        hints=(
            "What does `prefect gcl create` do if the limit exists already?",
            "The client has a method to create a global concurrency limit, one to update it, and one that does "
            "whichever is needed. The limit of a tag has a name that starts with `tag:`. See "
            "https://docs.prefect.io/v3/concepts/tag-based-concurrency-limits",
            "`with get_client(sync_client=True) as client:`; in it, after `try:`, create the limit from "
            "`GlobalConcurrencyLimitCreate(name=…, limit=…)`; after `except ObjectAlreadyExists:`, the update that "
            "you saw in this lesson.",
        ),
        grade=ensured,
        why="Creating or updating, whichever is needed, makes the set-up safe to run again. An update changes only "
        "the limit: running tasks keep their slots.",
        variation='Call `ensure_limit("mine", 2)` twice in a new cell, and look at the limit with '
        "`!prefect gcl inspect tag:mine`.",
    ),
    Exercise(
        id="3.3",
        title="Two resources, two limits, one flow",
        minutes=6,
        entry="two_resources",
        hints=(
            "Which limit should a query count against, and which one a call?",
            "One function can become two tasks: `with_options` gives a copy of a task with other tags. See "
            "https://docs.prefect.io/v3/concepts/tasks",
            "`asks.with_options(tags=[…])` once for each resource; submit all the queries and all the calls, and "
            "collect the results of both after that.",
        ),
        grade=two_limits,
        why="Each task run takes a slot only from the limits of its own tags, so queries that wait for `warehouse` "
        "don't hold up the calls to the partner.",
        variation="Give one task both tags: it needs a slot of each limit before it starts, and holds both.",
    ),
    Exercise(
        id="3.4",
        title="When does each task start?",
        kind="predict",
        minutes=7,
        entry="schedule",
        hints=(
            "Durations 3, 1 and 2, two slots: which slot is released first, and when does the third task start?",
            "Keep the moment at which each slot is released. The next task always takes the earliest one: `min` finds "
            "it, and so does https://docs.python.org/3/library/heapq.html",
            "`free = [0] * limit`; for each of the durations: take the earliest moment out of `free`, note it as the "
            "start, and put back the moment at which this task releases the slot.",
        ),
        grade=scheduled,
        why="A released slot goes to the next task straight away, and nothing waits for a round to be complete. The "
        "ideal in a figure ignores the order, so it can be shorter; hand-overs make a real run longer.",
        variation="Compare `schedule([0.5] * 9, 3)` with this lesson's first run: `[span.start - "
        "limited.timeline.origin for span in limited.timeline]` are its start times, earliest first.",
    ),
)
