"""Lesson 3: a limit that the server holds, over every client."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from workbook.exercises import Exercise, NotYet, expect
from workbook.limits import read_limit, remove_limit
from workbook.sandbox import Answer, AnswerError
from workbook.timeline import Timeline
from workbook.work import in_flight, together

SECONDS = 0.1  # of each query


def limited(answer: Answer) -> None:
    """Two runs under two limits: what was written for one number of slots shows under the other."""
    for slots in answer.chance.sample([2, 3, 4], 2):
        indexes = answer.chance.sample(range(20), 2 * slots + 1)
        with answer.limit("database", slots):
            seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, slots)]))
            expect.result(seen, expect.rows_of(indexes))
            expect.asked_in_tasks(seen, indexes, SECONDS)
            expect.peak(seen, slots, indexes, tag="database")
            expect.all_tagged(seen, indexes, "database")
            expect.slots_returned("database")


def ensured(answer: Answer) -> None:
    """Created, unchanged, raised and lowered, with a slot taken all the while."""
    tag = f"exercise-{answer.chance.randrange(10**6)}"
    first, second, third = answer.chance.sample(range(2, 9), 3)
    try:
        _set(answer, tag, first, "a tag that had no limit")
        with get_client(sync_client=True) as client:
            client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=1))
        for slots, case in (
            (first, "a tag that has this limit already"),
            (second, "a tag that has another limit"),
            (third, "a tag that has another limit"),
        ):
            _set(answer, tag, slots, case, "What exists already has to be updated.")
            if not read_limit(tag).active:
                raise NotYet(
                    "A task run that held a slot was forgotten: after your call no slot was taken.",
                    "Changing the limit should leave alone who holds its slots.",
                    "A limit that is deleted and made anew counts from zero: update it instead.",
                )
    finally:
        remove_limit(tag)


def _set(answer: Answer, tag: str, slots: int, case: str, cause: str = "") -> None:
    """Call the answer, and look on the server for what it should have done."""
    try:
        answer.call(tag, slots)
    except AnswerError as error:
        raise NotYet(f"Your call for {case} raised {str(error).rstrip(': ')}.", "It should not fail.", cause) from None
    found = read_limit(tag)
    if found is None:
        raise NotYet(
            f"After your call for {case} the server holds no limit on {tag!r}.",
            f"It should be {slots}.",
            "Among Prefect's global limits that of a tag has the name tag:… in front.",
        )
    if found.decay:
        raise NotYet(
            f"After your call for {case} the limit has a slot decay of {found.decay:g} a second.",
            "It should have none: then a slot is held until its task run ends.",
            "With slot_decay_per_second slots come free by themselves, so more task runs than the limit may run.",
        )
    if found.slots != slots:
        raise NotYet(f"After your call for {case} the limit is {found.slots}.", f"It should be {slots}.", cause)


def two_limits(answer: Answer) -> None:
    few, more = answer.chance.sample([3, 4], 2)
    numbers = answer.chance.sample(range(20), few + more + 4)
    queries, calls = numbers[: few + 2], numbers[few + 2 : few + more + 4]
    with answer.limit("partner", more), answer.limit("warehouse", few):
        seen = answer(queries, calls, SECONDS, gate=answer.gate([(queries, few), (calls, more)]))
        expect.result(seen, [expect.rows_of(queries), expect.rows_of(calls)])
        expect.asked_in_tasks(seen, queries + calls, SECONDS)
        if both := [span for span in seen.timeline if {"partner", "warehouse"} <= span.tags]:
            raise NotYet(
                f"{both[0].name} carries both tags.",
                "Each task should take a slot only of what it uses.",
                "A task with two tags needs a slot of each, and holds both for as long as it runs.",
            )
        expect.never_above(seen, few, tag="warehouse")
        expect.never_above(seen, more, tag="partner")
        expect.all_tagged(seen, queries, "warehouse")
        expect.all_tagged(seen, calls, "partner")
        queried, called = (seen.timeline.where(tag=tag) for tag in ("warehouse", "partner"))
        for one, slots, other, said in (
            (queried, few, called, "All queries had ended before the first call began."),
            (called, more, queried, "All calls had ended before the first query began."),
        ):
            if one.peak == slots and Timeline.before(one, other):
                raise NotYet(
                    said,
                    "The two resources should be used at the same time.",
                    "Submit both kinds before you wait for either.",
                )
        for indexes, slots, tag in ((queries, few, "warehouse"), (calls, more, "partner")):
            expect.peak(seen, slots, indexes, tag=tag)
        expect.met(seen, [(queries, few), (calls, more)])


def two_processes(answer: Answer) -> None:
    """The same flow in two processes at the same time: what only one process knows of cannot hold here."""
    slots = answer.chance.choice([3, 4])
    numbers = answer.chance.sample(range(20), 10)
    parts = numbers[:5], numbers[5:]
    with answer.limit("database", slots), Answer(answer.source, 40) as other, ThreadPoolExecutor(2) as pool:
        gate = answer.gate([(numbers, slots)])
        halves = tuple(pool.map(lambda run, part: run(part, SECONDS, gate=gate), (answer, other), parts))
        seen = replace(
            halves[0],
            timeline=Timeline(halves[0].timeline.spans + halves[1].timeline.spans),
            asked=halves[0].asked + halves[1].asked,
        )
        answer.runs.append(seen)  # the figure beside the verdict shows both
        for half, part in zip(halves, parts, strict=True):
            expect.result(half, expect.rows_of(part))
            expect.asked_in_tasks(half, part, SECONDS)
        if seen.timeline.peak > slots:
            raise NotYet(
                f"In two processes at once {seen.timeline.peak} of your tasks ran at the same time.",
                f"Together it should never have been more than {slots}.",
                "Workers, semaphores and batches belong to one process. What both obey is a limit that the server "
                "holds: on a tag, here 'database', that every task carries.",
            )
        for half, part in zip(halves, parts, strict=True):
            expect.all_tagged(half, part, "database")
        expect.slots_returned("database")
        if max(half.timeline.peak for half in halves) < 2:
            raise NotYet(
                "In each of the two processes the tasks ran one at a time.",
                f"As many should run as there are slots, {slots} in both together.",
                "Submit all, then collect: the server does the rest.",
            )
        if not together(seen.asked, [(numbers, slots)]):
            raise NotYet(
                f"In the two processes together at most {in_flight(seen.asked, numbers)} of your queries ran at once.",
                f"It should have been {slots}, as many as there are slots.",
                "Submit all, then collect: the server does the rest.",
            )


EXERCISES = (
    Exercise(
        id="3.1",
        title="As many at a time as the server allows",
        minutes=10,
        entry="three_at_a_time",
        contract=(
            "Write the flow three_at_a_time(indexes, seconds). It asks every query of `indexes` with "
            "ask(index, seconds), each in a task run of its own with the tag 'database', and returns their rows in the "
            "order of `indexes`. The flow knows nothing of the limit: the grader sets it on the server, and changes it."
        ),
        hints=(
            "Submit every query before you wait for any of them; the server holds back those that are too many.",
            "The limit belongs to a tag: @task(tags=['database']). Leave the task runner as it is.",
            "futures = [query.submit(index, seconds) for index in indexes], and then the result of each, in order.",
        ),
        grade=limited,
    ),
    Exercise(
        id="3.2",
        title="A limit that is there",
        minutes=12,
        entry="ensure_limit",
        contract=(
            "Write the function ensure_limit(tag, slots), no flow. After it the server lets `slots` task runs with "
            "that tag run at once, whether the tag had no limit, this one, or another; who holds a slot keeps it."
        ),
        hints=(
            "from prefect.client.orchestration import get_client; with get_client(sync_client=True) as client: …",
            "The limit of a tag is a global limit with the name f'tag:{tag}'. Create it, and if it exists, update it.",
            "client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=…, limit=slots)) raises "
            "ObjectAlreadyExists; then client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate("
            "limit=slots)).",
        ),
        grade=ensured,
    ),
    Exercise(
        id="3.3",
        title="Two resources, two limits, one flow",
        minutes=12,
        entry="two_resources",
        contract=(
            "Write the flow two_resources(queries, calls, seconds). It asks every number of `queries` in a task with "
            "the tag 'warehouse', and every number of `calls` in a task with the tag 'partner', all with "
            "ask(number, seconds), both kinds at the same time. It returns [rows of the queries, rows of the calls]."
        ),
        hints=(
            "Two tasks, a tag each. The server holds a limit for either.",
            "One function will do: query.with_options(tags=['partner']) is a task of its own.",
            "Submit all queries, submit all calls, and only then collect the one and the other.",
        ),
        grade=two_limits,
    ),
    Exercise(
        id="3.4",
        title="Two processes share one limit",
        minutes=10,
        entry="shared",
        contract=(
            "Write the flow shared(indexes, seconds). It asks every query of `indexes`, each in a task run of its own, "
            "and returns their rows in order. The grader runs it in two processes at once, and sets a limit on the tag "
            "'database': both together must obey it."
        ),
        hints=(
            "Nothing inside one process can count what another does. Who sees both?",
            "The server: it counts the task runs of a tag, whoever started them.",
            "It is the flow of 3.1.",
        ),
        grade=two_processes,
    ),
)
