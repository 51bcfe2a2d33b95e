"""Lesson 5: six flows that go wrong in six ways, each to be fixed.

Every grader first looks for the mistake that its broken flow makes, and names it; then for what a fix may have broken
instead.
"""

import random
import string
from collections.abc import Callable, Iterator
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.client.schemas.sorting import TaskRunSort

from workbook.diagnosis import diagnose
from workbook.exercises import Exercise, NotYet, expect
from workbook.observe import PAGE, family
from workbook.sandbox import Answer, Run
from workbook.timeline import Span

SECONDS = 0.1  # of each query
REPORTING, LEDGER = "reporting", "ledger"  # this lesson's own tags


# ----------------------------------------
# 5.1 The forgotten result


def collected(answer: Answer) -> None:
    """A query that fails must be heard of; without one, all run at once and are waited for."""
    missing, indexes = answer.chance.randrange(40, 100), answer.chance.sample(range(20), 5)
    seen = answer([*indexes[:2], missing, *indexes[2:]], SECONDS, gate=answer.gate([(indexes, len(indexes))]))
    if seen.state.is_completed():
        raise NotYet(
            f"Query {missing} failed, but your flow ended Completed, as if nothing had happened.",
            "It should fail when one of its queries does.",
            _outlived(seen) or "A failure comes out of .result(). It is lost in wait(), in raise_on_failure=False, and "
            "in an `except` that goes on.",
        )  # fmt: skip
    failed = seen.timeline.where(state="FAILED")

    seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, len(indexes))]))
    expect.result(seen, "all done")
    expect.asked_in_tasks(seen, indexes, SECONDS)
    if outlived := _outlived(seen):
        raise NotYet("Your flow said that all was done before it was.", "It should wait for every query.", outlived)
    expect.met(seen, [(indexes, len(indexes))])
    if not len(failed):
        raise NotYet(
            f"Your flow failed because of query {missing}, but no task run did.",
            "The query's own failure should end the flow.", "Let a task ask every query of the list.",
        )  # fmt: skip


def _outlived(seen: Run) -> str:
    return next((found.text for found in diagnose(seen.timeline) if found.code == "outlived-collection"), "")


# ----------------------------------------
# 5.2 The result in the loop


def at_once(answer: Answer) -> None:
    indexes = answer.chance.sample(range(20), 4)
    seen = answer(indexes, SECONDS, gate=answer.gate([(indexes, len(indexes))]))
    if "depending on itself" in str(seen.error):
        raise NotYet(
            f"One of your tasks waits for its own future, so Prefect stopped the flow: {seen.error}",
            "No query should wait for another.",
            "A list that you give to a task, or to wait_for, may hold its own future by the time the task begins: "
            "submit with the index and the seconds, and nothing else.",
        )
    expect.result(seen, expect.rows_of(indexes))
    expect.asked_in_tasks(seen, indexes, SECONDS)
    asking = {span.id: span for span in seen.timeline if span.id in {note.task_run_id for note in seen.asked}}
    if chained := [(span, asking[parent]) for span in asking.values() for parent in span.parents if parent in asking]:
        late, early = chained[0]
        raise NotYet(
            f"{late.name} was given the future of {early.name}, so it waited for its end.",
            "No query should wait for another: all of them should run at once.",
            "Leave out wait_for, and give a task no more than the index and the seconds.",
        )
    expect.met(seen, [(indexes, len(indexes))])


# ----------------------------------------
# 5.3 The credential in the code


def from_environment(answer: Answer) -> None:
    """The secret comes from the environment, anew for each run, and is seen by nobody."""
    with get_client(sync_client=True) as client:
        for variable in client.read_variables(limit=PAGE):  # left by another answer, whose password may be alike
            client.delete_variable_by_name(variable.name)
    passwords, former = expect.secrets(answer.chance, 16, 16), ""
    for password in passwords:
        host = f"db-{_word(answer.chance)}.example"
        answer.environment(DATABASE_URL=f"postgresql://{_word(answer.chance)}:{password}@{host}:5432/shop")
        seen = answer()
        _unseen(password, "what it returned", str(seen.result))
        for place, text in _kept(seen):
            _unseen(password, place, text)
        _unseen(password, "what it printed and logged", answer.printed(None))
        expect.completed(seen)
        if seen.result != host:
            raise NotYet(
                f"Your flow would connect to {seen.result!r}, and DATABASE_URL names {host!r}.",
                "It should use the database that the environment names, and return its host.",
                "It used the one of the run before: keep nothing, and read DATABASE_URL whenever the flow runs."
                if seen.result == former else
                "Read DATABASE_URL inside the flow, whenever it runs: a host that is written in the code, or was read "
                "when the code was loaded, is another one.",
            )  # fmt: skip
        former = host
    answer.environment(DATABASE_URL=None)
    seen = answer()
    if seen.state.is_completed():
        connects = f"would still connect to {seen.result!r}" if seen.result else f"ended Completed ({seen.result!r})"
        raise NotYet(
            f"Without DATABASE_URL your flow {connects}.",
            "It should fail when nothing names its database.",
            "A default is a credential in the code again, and a run that only looks well is noticed by nobody: "
            "os.environ['DATABASE_URL'] raises, and says what is missing.",
        )
    for password, run in zip(passwords, answer.runs, strict=False):
        for text in _logs(run):  # they are sent late, so this comes last
            _unseen(password, "the logs on the Prefect server", text)


def _unseen(password: str, place: str, text: str) -> None:
    """No part of the password is in a text."""
    if expect.leaked(password, text):
        raise NotYet(
            f"The password in DATABASE_URL, or a part of it, is in {place}.", "Nobody should see any of it.",
            "The server keeps the records and the logs of every run, and shows them to everyone who can open its "
            "pages: say that DATABASE_URL is set, but not what to.",
        )  # fmt: skip


def _kept(seen: Run) -> Iterator[tuple[str, str]]:
    """What the server keeps of a flow run, its subflows and their task runs: where it is found, and the text."""
    with get_client(sync_client=True) as client:
        flow_runs = family(client, seen.flow_run_id)
        for run in flow_runs:
            yield from _fields(run, "the flow run" if run.id == seen.flow_run_id else "a subflow run")
        ours = [run.id for run in flow_runs]
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=ours))
        for run in _pages(client.read_task_runs, flow_run_filter=wanted, sort=TaskRunSort.EXPECTED_START_TIME_ASC):
            yield from _fields(run, "a task run")
        of_ours = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=ours))
        for artifact in _pages(client.read_artifacts, artifact_filter=of_ours):
            yield "an artifact", str(artifact.model_dump(mode="json"))
        for variable in client.read_variables(limit=PAGE):
            yield "a variable", str(variable.model_dump(mode="json"))


def _fields(run: FlowRun | TaskRun, owner: str) -> Iterator[tuple[str, str]]:
    """Each field of a record: its parameters, its name, its tags, its state with the message, and all others."""
    for field, value in run.model_dump(mode="json").items():
        yield f"the {field} of {owner}", str(value)


def _logs(seen: Run) -> Iterator[str]:
    with get_client(sync_client=True) as client:
        ours = [run.id for run in family(client, seen.flow_run_id)]
        for log in _pages(client.read_logs, log_filter=LogFilter(flow_run_id=LogFilterFlowRunId(any_=ours))):
            yield log.message


def _pages(read: Callable[..., list], **wanted: Any) -> Iterator[Any]:
    offset = 0
    while page := read(**wanted, limit=PAGE, offset=offset):
        yield from page
        offset += len(page)
        if len(page) < PAGE:
            break


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=8))


# ----------------------------------------
# 5.4 The tag with a typo


def tagged(answer: Answer) -> None:
    """Every query has the tag, and they use its limit to the full, whatever it is.

    Each report alone is shorter than the limit, so one after the other cannot fill it.
    """
    for slots in (3, 4):
        indexes = answer.chance.sample(range(20), 2 * slots - 2)
        with answer.limit(REPORTING, slots):
            seen = answer(
                indexes[: slots - 1], indexes[slots - 1 :], SECONDS, gate=answer.gate([(indexes, slots)])
            )  # fmt: skip
            expect.result(seen, expect.rows_of(indexes))
            expect.asked_in_tasks(seen, indexes, SECONDS)
            expect.all_tagged(seen, indexes, REPORTING)
            expect.limit_kept(REPORTING, slots)
            expect.never_above(seen, slots, tag=REPORTING)
            expect.slots_returned(REPORTING)
            expect.peak(seen, slots, indexes, tag=REPORTING)


# ----------------------------------------
# 5.5 The task that waits for itself


def not_deadlocked(answer: Answer) -> None:
    """With a single slot, all reports come through, and no query runs without a slot."""
    indexes = answer.chance.sample(range(20), 2)
    with answer.limit(LEDGER, 1):
        seen = answer(indexes, SECONDS)
        if "Timeout" in str(seen.error):
            raise NotYet(
                f"Your flow gave up waiting: {seen.error}.", "Its tasks should not wait for what cannot come.",
                "A timeout ends the deadlock, but doesn't fix it: a task that holds the only slot must not wait for "
                "another that needs it.",
            )  # fmt: skip
        expect.limit_kept(LEDGER, 1)
        expect.result(seen, [len(rows) for rows in expect.rows_of(indexes)])
        expect.asked_in_tasks(seen, indexes, SECONDS)
        spans = {span.id: span for span in seen.timeline}
        for note in seen.asked:
            if not _holds_slot(spans[note.task_run_id], spans):
                raise NotYet(
                    f"The task run that asked query {note.index} did not have the tag {LEDGER!r}, nor had any that "
                    "it ran in.",
                    f"Every query should be asked under the limit on {LEDGER!r}.",
                    "Without the tag there is no deadlock, and no limit either: one of the two tasks needs it, and it "
                    "is the one that uses the database.",
                )  # fmt: skip
        expect.never_above(seen, 1, tag=LEDGER)
        expect.slots_returned(LEDGER)


def _holds_slot(span: Span, spans: dict[str, Span]) -> bool:
    """Whether a task run, or one that it ran in, had the tag. Prefect records the enclosing task run as an input."""
    if LEDGER in span.tags:
        return True
    around = [spans[parent] for parent in span.parents if parent in spans]
    return any(_holds_slot(one, spans) for one in around if one.end is None or one.end >= span.end)


# ----------------------------------------
# 5.6 The lost order


def in_order(answer: Answer) -> None:
    """The first query takes longest and the others some random time, so that no order of finishing is the right one."""
    for _ in range(2):
        indexes = answer.chance.sample(range(20), 5)
        durations = [0.8, 0.1, *answer.chance.sample([0.2, 0.3, 0.4, 0.5], 3)]
        seen = answer(indexes, durations, gate=answer.gate([(indexes, len(indexes))]))
        expect.result(seen, expect.rows_of(indexes))
        expect.asked_in_tasks(seen, indexes)
        wanted = dict(zip(indexes, durations, strict=True))
        if other := [note for note in seen.asked if note.seconds != wanted[note.index]]:
            raise NotYet(
                f"Query {other[0].index} was asked to take {other[0].seconds:g} s.",
                f"Its place in `durations` says {wanted[other[0].index]:g} s.",
                "Fix the order, and leave the work as it is.",
            )  # fmt: skip
        expect.met(seen, [(indexes, len(indexes))])


EXERCISES = (
    Exercise(
        id="5.1",
        title="The forgotten result",
        minutes=5,
        entry="all_done",
        contract=(
            "Fix the flow all_done(indexes, seconds). It asks every query of `indexes` with ask(index, seconds), each "
            "in a task run of its own, all at once, and returns 'all done' when all of them are done. When a query "
            "fails, the flow fails. As it stands it says 'all done' at once, whatever becomes of the queries."
        ),
        hints=(
            "What does .submit() return, and who in this flow keeps it?",
            "A task's failure is raised where its result is asked for: .result() on its future.",
            "Keep the futures in a list as you submit them; after the loop call .result() on each; then 'all done'.",
        ),
        grade=collected,
    ),
    Exercise(
        id="5.2",
        title="The result in the loop",
        minutes=5,
        entry="all_at_once",
        contract=(
            "Fix the flow all_at_once(indexes, seconds). It asks every query of `indexes` with ask(index, seconds), "
            "each in a task run of its own, all at once, and returns their rows in the order of `indexes`. As it "
            "stands the rows are right, and the queries run one at a time."
        ),
        hints=(
            "At which moment is the second query submitted? Look at its bar: what has ended just then?",
            ".result() waits. Two loops instead of one: the first only submits.",
            "futures = [query.submit(index, seconds) for index in indexes], and then a list of their results.",
        ),
        grade=at_once,
    ),
    Exercise(
        id="5.3",
        title="The credential in the code",
        minutes=7,
        entry="connect",
        contract=(
            "Fix the flow connect(). It uses the database that the environment variable DATABASE_URL names when the "
            "flow runs, and returns its host; without DATABASE_URL it fails. No part of the password is printed, "
            "logged, or kept by the Prefect server: as a parameter, a name, a tag, a state, an artifact or a variable."
        ),
        hints=(
            "Who can read the parameters of a flow run, and its logs? Everyone who can open the server's pages.",
            "os.environ['DATABASE_URL'] inside the flow: a default argument is read when the code is loaded.",
            "No parameters; url = make_url(os.environ['DATABASE_URL']) as its first line; print url.host and no more.",
        ),
        grade=from_environment,
    ),
    Exercise(
        id="5.4",
        title="The tag with a typo",
        minutes=5,
        entry="both_reports",
        contract=(
            "Fix the flow both_reports(orders, reviews, seconds). It asks the queries of both lists with "
            "ask(index, seconds), each in a task run of its own, and returns their rows: those of `orders`, then those "
            "of `reviews`, in order. The server limits the tag 'reporting', and the grader sets how far: all of these "
            "queries should run under that limit, and use it to the full. As it stands more run at once than it allows."
        ),
        hints=(
            "Which of the bars begin at once, and which wait? Look at the tags of their tasks, letter by letter.",
            "The limit is on 'reporting'. A tag that has no limit of exactly its name limits nothing.",
            "REPORTING = 'reporting' once, and @task(tags=[REPORTING]) above both tasks.",
        ),
        grade=tagged,
    ),
    Exercise(
        id="5.5",
        title="The task that waits for itself",
        minutes=8,
        entry="counts",
        contract=(
            "Fix the flow counts(indexes, seconds). For each query of `indexes` a report counts the rows that "
            "ask(index, seconds) gives, and the flow returns the counts, in order. The server allows a single task run "
            "with the tag 'ledger' at once, and every query should be asked under that limit. As it stands the flow "
            "never ends."
        ),
        hints=(
            "Two tasks, one slot. Which task has the slot, and what does it wait for?",
            "A slot is taken for as long as a task runs: also while it only waits for another one.",
            "Only the task that uses the database needs the tag: take it from report, and leave it on query.",
        ),
        grade=not_deadlocked,
        seconds=30,  # the broken flow hangs for all of it
    ),
    Exercise(
        id="5.6",
        title="The lost order",
        minutes=5,
        entry="in_order",
        contract=(
            "Fix the flow in_order(indexes, durations). It asks query indexes[0] for durations[0] seconds, indexes[1] "
            "for durations[1], and so on, each in a task run of its own, all at once, and returns their rows in the "
            "order of `indexes`. As it stands they come in the order in which the queries ended."
        ),
        hints=(
            "as_completed hands over each future when it has ended. Which order does your own list of futures have?",
            "It costs nothing to wait for the first future first: the others go on meanwhile.",
            "return [future.result() for future in futures]",
        ),
        grade=in_order,
    ),
)
