"""Lesson 7: the right limit for the job."""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.exceptions import ObjectNotFound

from workbook.grading.evidence import Run
from workbook.grading.exercises import concurrency, expect
from workbook.grading.exercises.situations import chosen
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer
from workbook.lessons.gate import in_flight

SECONDS = 0.11  # of each query
LIMIT = "live-database"  # the name of the server's limit
OWN_LIMIT = "A limit in your own process, such as a semaphore, doesn't know about other clients"
SPARE = 2  # how many more pairs there are than free slots

# ----------------------------------------
# 7.1 Limit only what needs it


def only_the_query(answer: Answer) -> None:
    """All archive queries run at once, and as many live ones as the limit has free slots.

    The second time another client holds slots: a limit in the answer's own process cannot know of them.
    """
    slots = answer.rng.choice([3, 4])
    _one_run(answer, slots, taken=0)
    slots = answer.rng.choice([4, 5])
    _one_run(answer, slots, taken=slots - 2)


def _one_run(answer: Answer, slots: int, taken: int) -> None:
    count = slots - taken + SPARE
    numbers = answer.rng.sample(range(20), 2 * count)
    archived, current = numbers[:count], numbers[count:]
    pairs = [list(pair) for pair in zip(archived, current, strict=True)]
    with _limit(slots, taken):
        gate = answer.gate([(archived, count)], [(current, slots - taken)])
        seen = answer(pairs, SECONDS, gate=gate)
        _limit_kept(slots)
        _accepted(seen, slots)
        rows = zip(expect.rows_of(archived), expect.rows_of(current), strict=True)
        expect.result(seen, [list(pair) for pair in rows])
        expect.some_task_ran(seen, count)
        expect.inside_tasks(seen, numbers)
        expect.took(seen, SECONDS)
        expect.nothing_else(seen, numbers)
        asked = [query.index for query in seen.asked]
        if twice := [index for index in numbers if asked.count(index) > 1]:
            raise NotYet(f"Query {twice[0]} ran {asked.count(twice[0])} times.", "Each should run once.")
        _in_this_order(seen, pairs)
        _archive_is_free(seen, archived)
        _live_is_limited(seen, current, slots, taken, answer.printed())


def _in_this_order(seen: Run, pairs: Sequence[Sequence[int]]) -> None:
    """Each pair has its own task run, and the archive had answered when the live database was asked."""
    asked = {query.index: query for query in seen.asked}
    if (shared := max(Counter(asked[archived].task_run_id for archived, _ in pairs).values())) > 1:
        raise NotYet(f"One of your task runs asked the archive {shared} times.", "Each pair should get one task run.")
    for archived, current in pairs:
        if asked[current].start < asked[archived].end:
            raise NotYet(
                f"Query {current} began in the live database before query {archived} of its pair had ended.",
                "Each pair should ask the archive first, and the live database when the archive has answered.",
            )


def _archive_is_free(seen: Run, archived: Sequence[int]) -> None:
    """All queries to the archive met at the gate."""
    most = in_flight(seen.asked, archived)
    if most == len(archived):
        return
    happened = f"At most {most} of the queries to the archive ran at once."
    expected = f"All {len(archived)} should: the archive can take any number."
    peak = seen.timeline.peak
    if peak == 1:
        cause = "Your task runs ran one after another: submit all of them before you wait for any."
    elif peak < len(archived):
        tags = sorted({tag for span in seen.timeline for tag in span.tags})
        having = f", and they have the tags {tags}" if tags else ""
        cause = f"At most {peak} task runs were Running at once{having}: "
        cause += "a tag limit, a task runner with few workers, or batches hold back whole task runs."
    elif _held_at(seen, archived):
        cause = "Your task runs held their slot while they used the archive: ask it outside of the `with` block."
    else:
        cause = "Something inside your tasks makes them wait while they are Running, as a lock or a semaphore does, "
        cause += "or a blocking call such as `ask()` in an `async` task: use `asyncio.to_thread`."
    raise NotYet(happened, expected, cause)


def _live_is_limited(seen: Run, current: Sequence[int], slots: int, taken: int, printed: str) -> None:
    """As many queries to the live database met at the gate as the limit has free slots, and no more."""
    most, free = in_flight(seen.asked, current), slots - taken
    if most == free:
        if not concurrency.acquired(seen, LIMIT):
            raise NotYet(
                f"Your flow never acquired a slot of {LIMIT!r}.",
                "Each query to the live database should hold one.",
                f"{OWN_LIMIT}, and they don't know about it.",
            )
        return
    others = f" has {slots} slots, of which another client holds {taken}" if taken else f" has {slots} slots"
    queries = f"{'At most ' if most < free else ''}{most} {'query' if most == 1 else 'queries'}"
    raise NotYet(
        f"{queries} ran in the live database at once.", f"It should have been {free}: the limit {LIMIT!r}{others}.",
        _why(seen, current, most, free, printed),
    )  # fmt: skip


def _why(seen: Run, current: Sequence[int], most: int, free: int, printed: str) -> str:
    """What the events show of the slots that the run acquired."""
    acquired = concurrency.acquired(seen, LIMIT)
    homes = {query.task_run_id for query in seen.asked if query.index in current}
    holders = {task_run for event in acquired for task_run in concurrency.task_runs(event)}
    if not acquired:
        if f"{LIMIT!r}" not in printed and "do not exist - skipping acquisition" in printed:
            return (
                "There is no limit of the name that you gave to `concurrency`, and it only logged a warning: compare "
                "the names, and use `strict=True`."
            )
        tags = sorted({tag for span in seen.timeline for tag in span.tags})
        if tags:
            tagged = f"Your task runs have the tags {tags}, but never acquired a slot of {LIMIT!r}: "
            return tagged + "a tag's limit is a different one, and it counts whole task runs."
        if most == len(current):
            return f"Your flow never acquired a slot of {LIMIT!r}: `with concurrency(…):` does."
        return f"Your flow never acquired a slot of {LIMIT!r}. {OWN_LIMIT}."
    if most < free:
        slots = max(int(event.resource["slots-acquired"]) for event in acquired)
        if slots > 1:
            return f"Each query acquired {slots} slots: `occupy` should be 1."
        if len(homes) < len(current):
            return "One task run ran several of these queries, one after another: give each its own."
        if (spans := expect.queried(seen, current)).peak < free:
            return concurrency.held_back(spans)
        return "Something else holds them back, as a lock or a semaphore in your own process does."
    if not holders:
        return (
            "The flow itself acquired the slots; its task runs didn't. A `with` block around submit() ends as soon as "
            "the task is submitted: put it inside the task."
        )
    if without := len(homes - holders):
        return f"{without} of the {len(homes)} task runs that asked the live database never acquired a slot."
    return "Your task runs did acquire slots, but not for this query: ask the live database inside the `with` block."


# ----------------------------------------
# The server's limit, and who acquired its slots


@contextlib.contextmanager
def _limit(slots: int, taken: int) -> Iterator[None]:
    """The server has the limit during the block; what else the answer has made is removed again.

    Raises:
        NotYet: the answer made a limit of its own.
    """
    with get_client(sync_client=True) as client:
        _remove([LIMIT])
        before = {found.name for found in _limits()}
        limit = GlobalConcurrencyLimitCreate(name=LIMIT, limit=slots, active_slots=taken)
        client.create_global_concurrency_limit(limit)
        try:
            yield
        except NotYet as error:
            _no_other_limits(before, error)
            raise
        else:
            _no_other_limits(before)
        finally:
            _remove({found.name for found in _limits()} - before)


def _no_other_limits(before: Collection[str], otherwise: NotYet | None = None) -> None:
    if made := sorted({found.name for found in _limits()} - {*before, LIMIT}):
        raise NotYet(
            f"Your flow created the limit {made[0]!r}.", f"It should use {LIMIT!r}, which the server has already.",
            "Other clients use that one too, so only that one counts all queries to the database.",
        ) from otherwise  # fmt: skip


def _limits() -> list[GlobalConcurrencyLimitResponse]:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limits(limit=200)


def _remove(names: Collection[str]) -> None:
    with get_client(sync_client=True) as client:
        for name in names:
            with contextlib.suppress(ObjectNotFound):
                client.delete_global_concurrency_limit_by_name(name)


def _limit_kept(slots: int) -> None:
    found = next((found for found in _limits() if found.name == LIMIT), None)
    if found is None or found.limit != slots or not found.active:
        now = "gone" if found is None else found.limit if found.active else "switched off"
        raise NotYet(
            f"The limit {LIMIT!r} was {slots}, and after your flow it is {now}.",
            "Your flow should leave the limit as it is.", "It belongs to the server, and other flows rely on it.",
        )  # fmt: skip


def _accepted(seen: Run, slots: int) -> None:
    """The server didn't refuse what the answer asked it for."""
    causes = {
        "must be created before": f"The limit's name is {LIMIT!r}; with `strict=True` any other name is an error.",
        "greater than the limit": f"The limit has {slots} slots. `occupy` is how many of them each query takes: leave "
        "it at 1.",
        "does not support the context manager": "In a plain task, import `concurrency` from prefect.concurrency.sync; "
        "the one from prefect.concurrency.asyncio needs `async with`.",
        "does not support the asynchronous context": "With `async with`, import `concurrency` from "
        "prefect.concurrency.asyncio.",
        "with slot decay can be used": "`rate_limit` counts starts, and needs a limit with a slot decay. This one "
        "counts what runs at once: use `concurrency`.",
    }  # fmt: skip
    for sign, cause in causes.items():
        if sign in str(seen.error or ""):
            raise NotYet(f"Your flow ended {seen.state.name}: {seen.error}", "It should complete.", cause)


def _held_at(seen: Run, archived: Sequence[int]) -> bool:
    """Whether a task run acquired its slot before it asked the archive."""
    starts = {query.task_run_id: query.start for query in seen.asked if query.index in archived}
    return any(
        event.occurred.timestamp() < starts.get(task_run, 0.0)
        for event in concurrency.acquired(seen, LIMIT)
        for task_run in concurrency.task_runs(event)
    )


EXERCISES = (
    Exercise(
        id="7.1",
        title="Limit only what needs it",
        minutes=10,
        entry="reports",
        hints=(
            "When should a task run acquire its slot, and when should it release it? Which of its two queries runs in "
            "between?",
            "`concurrency()` holds a slot until its `with` block ends; put the block inside the task. See "
            "https://docs.prefect.io/v3/how-to-guides/workflows/global-concurrency-limits",
            "A task for one pair: first a line with `ask(…)`, then `with concurrency(…):` and inside it the other "
            "query. The flow submits it for each pair, and collects.",
        ),
        grade=only_the_query,
        seconds=240,  # two runs, each of which may start a pool of processes
        why="A slot is held only inside the `with` block, so the archive's queries never wait for one. The server "
        "counts the slots, so the limit also covers other clients.",
        variation="Move the archive's query into the `with` block and check again to see what you lose.",
    ),
    Exercise(
        id="7.2",
        title="Six situations",
        kind="choose",
        minutes=6,
        entry="choose",
        hints=(
            "For each situation, what has to be counted: threads of one flow run, task runs, `with` blocks, starts or "
            "flow runs? And if there is one more than the limit allows, should it wait or be dropped?",
            "The table above has what each limit counts and what a waiting run looks like. For flow runs, see "
            "https://docs.prefect.io/v3/concepts/work-pools and https://docs.prefect.io/v3/concepts/deployments",
            "In two situations you limit whole flow runs; in the other four, what happens inside. Of those, one counts "
            "starts, one concerns a single flow run, and in one only a part of the task matters.",
        ),
        grade=chosen,
        why="A limit fits if it counts exactly what is scarce, for everyone who shares it. If it counts more, work "
        "waits without need; if it counts less, it doesn't protect you.",
        variation="The work pool was left over. Describe a situation in which only the pool's limit is right.",
    ),
)
