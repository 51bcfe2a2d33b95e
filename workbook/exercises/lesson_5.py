"""Lesson 5: six flows that go wrong in six ways, each to be mended.

Every grader first looks for the mistake that its broken flow makes, and names it; then for what a mending may have
broken instead.
"""

import itertools
import random
import string

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, LogFilter
from prefect.client.schemas.sorting import FlowRunSort, TaskRunSort

from workbook.diagnosis import diagnose
from workbook.exercises import Exercise, NotYet, expect
from workbook.limits import read_limit
from workbook.observe import PAGE
from workbook.sandbox import Answer, Run
from workbook.timeline import Span

SECONDS = 0.5  # of a query: long enough for the next to begin meanwhile, on a busy machine too
LONGER = 2.0  # … where the first look was not clear
REPORTING, LEDGER = "reporting", "ledger"  # tags of this lesson's own: answers that share a limit take turns
MASKABLE = "GJKLMNPQRSTVWXYZ23456789"  # a password of these is in no word, no number and no id of a log
RECOGNISABLE = 4  # characters of a secret in a row that nobody should see


# ----------------------------------------
# 5.1 The forgotten result


def collected(answer: Answer) -> None:
    """A query that fails must be heard of; without one, all run at once and are waited for."""
    missing, indexes = answer.chance.randrange(40, 100), answer.chance.sample(range(20), 5)
    seen = answer([*indexes[:2], missing, *indexes[2:]], SECONDS)
    if seen.state.is_completed():
        raise NotYet(
            f"Query {missing} failed, and your flow ended Completed, as if nothing had happened.",
            "It should fail when one of its queries does.",
            _outlived(seen) or "Somebody waited, and nobody asked: a failure comes out of .result(), and is lost in "
            "wait(), in raise_on_failure=False and in an `except` that goes on.",
        )  # fmt: skip
    failed = seen.timeline.where(state="FAILED")

    seen = answer(indexes, SECONDS)
    expect.result(seen, "all done")
    expect.task_runs(seen, len(indexes))
    expect.asked_in_tasks(seen, indexes)
    if outlived := _outlived(seen):
        raise NotYet("Your flow said that all was done before it was.", "It should wait for every query.", outlived)
    _not_one_at_a_time(seen)
    if not len(failed):
        raise NotYet(
            f"Your flow failed over query {missing}, and no task run did.",
            "It should be the query's own failure that ends the flow.", "Let every query of the list be asked.",
        )  # fmt: skip


def _outlived(seen: Run) -> str:
    return next((found.text for found in diagnose(seen.timeline) if found.code == "outlived-collection"), "")


# ----------------------------------------
# 5.2 The result in the loop


def at_once(answer: Answer) -> None:
    """All at once; where a busy machine leaves a doubt, longer queries settle it."""
    for seconds in (SECONDS, LONGER):
        indexes = answer.chance.sample(range(20), 4)
        seen = answer(indexes, seconds)
        expect.result(seen, expect.rows_of(indexes))
        expect.task_runs(seen, len(indexes))
        expect.asked_in_tasks(seen, indexes)
        _not_one_at_a_time(seen)
        if seen.timeline.peak == len(indexes):
            return
    raise NotYet(
        f"At most {seen.timeline.peak} of {len(indexes)} task runs ran at once.", "All of them should have.",
        "The others began only when some had ended: submit all of them before you wait for any. Batches, and a task "
        "runner with few workers, hold back too.",
    )  # fmt: skip


def _not_one_at_a_time(seen: Run) -> None:
    """That each was created only when the one before had ended tells this from tasks that a busy server kept apart."""
    pairs = itertools.pairwise(seen.timeline)
    if seen.timeline.peak < 2 and all(late.created >= early.end for early, late in pairs):
        raise NotYet("No two of your tasks ran at once.", "They should overlap.", expect.why(seen.timeline))


# ----------------------------------------
# 5.3 The credential in the code


def from_environment(answer: Answer) -> None:
    """The secret comes from the environment, anew for each run, and is seen by nobody."""
    passwords = ["".join(answer.chance.choices(MASKABLE, k=16)) for _ in range(2)]
    for run, password in enumerate(passwords):
        host = f"db-{_word(answer.chance)}.example"
        answer.environment(DATABASE_URL=f"postgresql://{_word(answer.chance)}:{password}@{host}:5432/shop")
        seen = answer()
        seen_by_others = {"what it returned": str(seen.result), "what it printed and logged": answer.printed()}
        for place, text in (seen_by_others | _kept(seen)).items():
            _unseen(password, place, text)
        expect.completed(seen)
        if seen.result != host:
            raise NotYet(
                f"Your flow would connect to {seen.result!r}, and DATABASE_URL names {host!r}.",
                "It should use the database that the environment names, and return its host.",
                "It used the one of the run before: keep nothing, and read DATABASE_URL whenever the flow runs." if run
                else "That host is written in the code, or was read when the code was loaded: read DATABASE_URL inside "
                "the flow, whenever it runs.",
            )  # fmt: skip
    answer.environment(DATABASE_URL=None)
    seen = answer()
    if seen.state.is_completed() and seen.result:
        raise NotYet(
            f"Without DATABASE_URL your flow would connect to {seen.result!r} all the same.",
            "It should fail when nothing names its database.",
            "A default is a credential in the code again: os.environ['DATABASE_URL'] raises, and says what is missing.",
        )  # fmt: skip
    for password, run in zip(passwords, answer.runs, strict=False):
        _unseen(password, "the logs on the Prefect server", _logs(run))  # they are sent late, so this comes last


def _unseen(password: str, place: str, text: str) -> None:
    """No part of the password that would be recognised is in a text."""
    if any(password[start : start + RECOGNISABLE] in text for start in range(len(password) - RECOGNISABLE + 1)):
        raise NotYet(
            f"The password in DATABASE_URL, or a part of it, is in {place}.", "Nobody should see any of it.",
            "The server keeps the parameters, the names and the logs of every run, and shows them to all who may open "
            "its pages: say that DATABASE_URL is set, and not what to.",
        )  # fmt: skip


def _kept(seen: Run) -> dict[str, str]:
    """What the server keeps of a flow run, of its task runs and of its subflows, by where it is found."""
    kept: dict[str, str] = {}
    with get_client(sync_client=True) as client:
        own = client.read_flow_run(seen.flow_run_id)
        wanted = FlowRunFilter(parent_flow_run_id={"any_": [own.id]})
        inner = client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=0)
        for run in (own, *inner):
            kept[f"the parameters of the {'sub' if run is not own else ''}flow run"] = str(run.parameters)
            kept[f"the name, the tags or the state of flow run {run.id}"] = f"{run.name} {run.tags} {run.state}"
        wanted = FlowRunFilter(id={"any_": [own.id]})
        for run in client.read_task_runs(flow_run_filter=wanted, sort=TaskRunSort.ID_DESC, limit=PAGE, offset=0):
            kept[f"the name, the tags or the state of task run {run.id}"] = f"{run.name} {run.tags} {run.state}"
    return kept


def _logs(seen: Run) -> str:
    with get_client(sync_client=True) as client:
        logs = client.read_logs(LogFilter(flow_run_id={"any_": [seen.flow_run_id]}), limit=PAGE, offset=0)
    return "\n".join(log.message for log in logs)


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=8))


# ----------------------------------------
# 5.4 The tag with a typo


def tagged(answer: Answer) -> None:
    """Every query has the tag, and they use its limit to the full, whatever it is."""
    for slots in (2, 3):
        with answer.limit(REPORTING, slots):
            if not _limited(answer, slots, SECONDS):
                _limited(answer, slots, LONGER)  # slots are handed over late on a busy machine


def _limited(answer: Answer, slots: int, seconds: float) -> bool:
    """Whether all slots were taken at once; a second look, with longer queries, must show it."""
    indexes = answer.chance.sample(range(20), 2 * slots)
    seen = answer(indexes[:slots], indexes[slots:], seconds)
    expect.result(seen, expect.rows_of(indexes))
    expect.task_runs(seen, len(indexes))
    expect.asked_in_tasks(seen, indexes)
    _all_tagged(seen, REPORTING, slots)
    _limit_untouched(REPORTING, slots)
    expect.never_above(seen, slots, tag=REPORTING)
    expect.slots_returned(REPORTING)
    _not_one_at_a_time(seen)
    if seconds == LONGER:
        expect.peak(seen, slots, tag=REPORTING)
    return seen.timeline.peak == slots


def _all_tagged(seen: Run, tag: str, slots: int) -> None:
    free = [span for span in seen.timeline if tag not in span.tags]
    if not free:
        return
    found = sorted({tag for span in free for tag in span.tags})
    raise NotYet(
        f"{len(free)} of your {len(seen.timeline)} task runs do not have the tag {tag!r}"
        f"{f' but {found}' if found else ', nor any other'}, and {seen.timeline.peak} ran at once under a limit of "
        f"{slots}.",
        f"Every task that asks the database should have the tag {tag!r}.",
        "A tag that has no limit of exactly its name limits nothing, and nothing warns of it: look for a typo, or "
        "write the name once and use it for all.",
    )  # fmt: skip


def _limit_untouched(tag: str, slots: int) -> None:
    limit = read_limit(tag)
    if limit is None or limit.slots != slots:
        now = "gone" if limit is None else f"{limit.slots}"
        raise NotYet(
            f"The limit on {tag!r} was {slots}, and after your flow it is {now}.", "Leave the limit as it is.",
            "It belongs to the server, and other flows rely on it.",
        )  # fmt: skip


# ----------------------------------------
# 5.5 The task that waits for itself


def not_deadlocked(answer: Answer) -> None:
    """With a single slot, all reports come through, and no query runs without a slot."""
    indexes = answer.chance.sample(range(20), 2)
    with answer.limit(LEDGER, 1):
        seen = answer(indexes, 0.2)
        if "Timeout" in str(seen.error):
            raise NotYet(
                f"Your flow gave up waiting: {seen.error}.", "It should have nothing to wait for in vain.",
                "A patience ends the deadlock, and does not mend it: a task that holds the only slot must not wait for "
                "another that needs it.",
            )  # fmt: skip
        expect.result(seen, [len(rows) for rows in expect.rows_of(indexes)])
        expect.asked_in_tasks(seen, indexes)
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
        _limit_untouched(LEDGER, 1)
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
        durations = [1.2, 0.1, *answer.chance.sample([0.2, 0.4, 0.6, 0.8], 3)]
        seen = answer(indexes, durations)
        expect.result(seen, expect.rows_of(indexes))
        expect.task_runs(seen, len(indexes))
        expect.asked_in_tasks(seen, indexes)
        wanted = dict(zip(indexes, durations, strict=True))
        if other := [note for note in seen.asked if note.seconds != wanted[note.index]]:
            raise NotYet(
                f"Query {other[0].index} was asked to take {other[0].seconds:g} s.",
                f"Its place in `durations` says {wanted[other[0].index]:g} s.",
                "Mend the order, and leave the work as it is.",
            )  # fmt: skip
        _not_one_at_a_time(seen)


EXERCISES = (
    Exercise(
        id="5.1",
        title="The forgotten result",
        minutes=5,
        entry="all_done",
        contract=(
            "Mend the flow all_done(indexes, seconds). It asks every query of `indexes` with ask(index, seconds), each "
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
            "Mend the flow all_at_once(indexes, seconds). It asks every query of `indexes` with ask(index, seconds), "
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
            "Mend the flow connect(). It uses the database that the environment variable DATABASE_URL names when the "
            "flow runs, and returns its host; without DATABASE_URL it fails. No part of the password is printed, "
            "logged, or kept by the Prefect server as a parameter, a name or a state."
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
            "Mend the flow both_reports(orders, reviews, seconds). It asks the queries of both lists with "
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
            "Mend the flow counts(indexes, seconds). For each query of `indexes` a report counts the rows that "
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
        seconds=20,  # the broken flow hangs for all of it
    ),
    Exercise(
        id="5.6",
        title="The lost order",
        minutes=5,
        entry="in_order",
        contract=(
            "Mend the flow in_order(indexes, durations). It asks query indexes[0] for durations[0] seconds, indexes[1] "
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
