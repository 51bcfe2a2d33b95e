"""Lesson 10: what an answer left on the server, and what a worker makes of it."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import DeploymentSchedule, State
from prefect.client.schemas.responses import DeploymentResponse, SetStateStatus
from prefect.states import Pending

from workbook.grading.exercises.deployments import deployed, looked_elsewhere, new_pool, the_deployment
from workbook.grading.model import Exercise, NotYet
from workbook.grading.sandbox import Answer, AnswerError

ZURICH = ZoneInfo("Europe/Zurich")
DAYS = tuple(datetime(2027, month, day, tzinfo=ZURICH) for month, day in ((1, 16), (7, 18), (1, 18)))  # from Saturday


# ----------------------------------------
# 10.2 Two o'clock, one at a time


def one_at_a_time(answer: Answer) -> None:
    """One run of the answer's deployment is under way; then a second one is due, and one of another deployment."""
    begun, (pool, folder) = datetime.now(UTC), new_pool(answer)
    with get_client(sync_client=True) as client:
        neighbour = client.create_deployment(
            client.create_flow_from_name("reports"), name="weekly", work_pool_name=pool,
            path=str(folder), entrypoint="nightly.py:nightly",
        )  # fmt: skip
        try:
            answer.call(str(folder), pool)
        except AnswerError as error:
            looked_elsewhere(answer, error)
            if re.search(r"deploy\(\) got an unexpected keyword argument 'timezone'|CronSchedule\s+cron\s", str(error)):
                raise NotYet(
                    "Prefect did not take your schedule.", "It should be due every day at 02:00 in Zurich.",
                    "`cron=` takes the five fields alone, without a time zone. For a schedule with one, pass "
                    "`schedule=Cron(…, timezone=…)`, with the `Cron` of prefect.schedules.",
                ) from error  # fmt: skip
            raise
        found = the_deployment("at-two", pool, begun)
        first = client.create_flow_run_from_deployment(found.id).id
        if not _taken(client, pool, [first]):
            state = client.read_flow_run(first).state
            raise NotYet(
                f"A worker didn't take the first run of your deployment, which is {state.name}.",
                "It should take one run at a time.",
                state.message or "Does the work queue or the deployment have a limit of 0?",
            )
        second, other = (client.create_flow_run_from_deployment(one).id for one in (found.id, neighbour))
        taken = _taken(client, pool, [second, other])
        if other not in taken:
            limit = client.read_work_pool(pool).concurrency_limit
            raise NotYet(
                "While a run of your deployment was under way, a run of another deployment in the pool had to wait.",
                "Other deployments in the pool should run as before.",
                f"The pool has a limit of {limit} now, which counts the runs of all its deployments: give yours "
                "its own limit." if limit is not None
                else "Whatever you limited, that deployment uses it too: give yours its own limit.",
            )  # fmt: skip
        _waits(client.read_flow_run(second).state, second in taken)
        if (limit := client.read_work_pool(pool).concurrency_limit) is not None:
            raise NotYet(
                f"The work pool has a limit of {limit} now.", "It should have none, as before.",
                "The pool's limit counts the runs of all its deployments: give yours its own limit.",
            )  # fmt: skip
    _due_at_two(found)


def _taken(client: SyncPrefectClient, pool: str, runs: Sequence[UUID]) -> set[UUID]:
    """Take what is due from a pool, as a worker does: ask for it, and propose to set each run to Pending."""
    soon = datetime.now(UTC) + timedelta(seconds=10)
    taken = set()
    while due := [found.flow_run.id for found in client.get_scheduled_flow_runs_for_work_pool(pool, None, soon)]:
        mine = [run for run in due if run in runs]
        accepted = {run for run in mine if _accepted(client, run)}
        taken |= accepted
        if not accepted:
            break
    return taken


def _accepted(client: SyncPrefectClient, run: UUID) -> bool:
    return client.set_flow_run_state(run, Pending()).status == SetStateStatus.ACCEPT and (
        client.read_flow_run(run).state.is_pending()
    )


def _waits(second: State, taken: bool) -> None:
    """The second run of the deployment waits for the first."""
    if taken:
        raise NotYet(
            "A worker took two runs of your deployment at once.",
            "It should take one, and the second should wait until that one has ended.",
            "`.deploy()` and `prefect deploy` take a limit for the deployment itself.",
        )
    if not second.is_scheduled():
        raise NotYet(
            f"While one run of your deployment was under way, the second was {second.name}: {second.message}",
            "It should wait, and run afterwards.",
            "The collision strategy decides that: ENQUEUE, the default, lets a run wait, and CANCEL_NEW cancels it.",
        )


def _due_at_two(deployment: DeploymentResponse) -> None:
    """It is due at two o'clock in Zurich, in winter and in summer."""
    if not deployment.schedules:
        raise NotYet(
            "Your deployment has no schedule.", "It should be due every day at 02:00 in Zurich.",
            "`.deploy()` takes one as `schedule=`, `prefect deploy` as `--cron` and `--timezone`.",
        )  # fmt: skip
    active = [found for found in deployment.schedules if found.active]
    if deployment.paused or not active:
        raise NotYet(
            f"{'Your deployment' if deployment.paused else 'The schedule of your deployment'} is paused, so it makes "
            "no runs.",
            "It should be active.",
        )
    times = [_due_on(day, active) for day in DAYS]
    if times == [["02:00"]] * len(DAYS):
        return
    differ = DAYS[: 2 if times[0] == times[2] else 3]
    each = ", and ".join(
        f"on {day:%A, %d %B} at {' and '.join(due[:3])}{' and more often' if len(due) > 3 else ''}" if due
        else f"on {day:%A, %d %B} not at all" for day, due in zip(differ, times, strict=False)
    )  # fmt: skip
    raise NotYet(
        f"Your deployment is due {each}, in Zurich.",
        "It should be at 02:00, every day of the year.",
        _clock(times, active),
    )


def _clock(times: list[list[str]], schedules: list[DeploymentSchedule]) -> str:
    """Why it is due at these times, in winter and in summer, if they give it away."""
    crons = [cron for one in schedules if (cron := getattr(one.schedule, "cron", None))]
    if odd := next((cron for cron in crons if len(cron.split()) != 5), None):
        return f"A cron string has five fields, the minutes first; yours has {len(odd.split())}."
    if [] in times and any(times):
        return "The last field of a cron string says on which weekdays, and `*` means every day."
    if times == [["03:00"], ["04:00"], ["03:00"]]:
        return "That is two o'clock UTC: a schedule without a time zone means UTC."
    winter, summer, _ = times
    if len(winter) == len(summer) == 1 and winter != summer:
        return "Your schedule ignores summer time, but Zurich has it: name the zone Europe/Zurich."
    return ""


def _due_on(day: datetime, schedules: list[DeploymentSchedule]) -> list[str]:
    """The times of day, in Zurich, at which these schedules make a run on that day."""
    from prefect.server.schemas import schedules as of_server  # loads much of the server

    found = set()
    for one in schedules:
        theirs = getattr(of_server, type(one.schedule).__name__).model_validate(one.schedule.model_dump())
        end = day + timedelta(days=1, seconds=-1)
        found |= set(asyncio.run(theirs.get_dates(50, day.astimezone(UTC), end.astimezone(UTC))))
    return [f"{moment.astimezone(ZURICH):%H:%M}" for moment in sorted(found)]


EXERCISES = (
    Exercise(
        id="10.1",
        title="Deploy and trigger",
        minutes=12,
        entry="deploy_and_trigger",
        hints=(
            "What does the server need to know before a worker can run your flow, and what says that it should run "
            "now?",
            "Load the flow with `flow.from_source(…)`, call its `.deploy(…)`, then `run_deployment(…)` with the "
            "parameters. See https://docs.prefect.io/v3/how-to-guides/deployments/deploy-via-python and "
            "https://docs.prefect.io/v3/how-to-guides/deployments/run-deployments",
            "`nightly = flow.from_source(source=…, entrypoint='file:function')`, "
            "`deployment = nightly.deploy(name=…, work_pool_name=…)`, and "
            "`run_deployment(…, parameters={…}, timeout=…)`. What does `timeout` do?",
        ),
        grade=deployed,
        why="`.deploy()` tells the server where the code is and which pool its runs wait in. `run_deployment()` "
        "creates one run in that pool, and a worker runs it in another process. By default `run_deployment()` waits "
        "until the run has ended; with `timeout=0` it returns at once.",
        variation="Pass `scheduled_time=` to `run_deployment`, an hour from now, and check again. What changes? "
        "(Checks run on their own server, so they don't show up in your web UI.)",
        seconds=150,
    ),
    Exercise(
        id="10.2",
        title="Two o'clock, one at a time",
        kind="fix",
        minutes=8,
        entry="deploy_nightly",
        hints=(
            "Whose two o'clock does a cron string mean? And who else uses the work pool that this function limits?",
            "A `Cron` schedule takes a time zone, and a deployment can have its own limit: see "
            "https://docs.prefect.io/v3/how-to-guides/deployments/create-schedules and "
            "https://docs.prefect.io/v3/how-to-guides/deployments/deploy-via-python",
            "Leave the pool alone, and use `nightly.deploy(…, schedule=Cron('0 2 * * *', …), concurrency_limit=…)`.",
        ),
        grade=one_at_a_time,
        why="A schedule without a time zone follows UTC. A deployment's limit counts only its own runs, and by default "
        "a run that would exceed it waits. A pool's limit counts the runs of every deployment in the pool.",
        variation="Import `ConcurrencyLimitConfig` from `prefect.client.schemas.objects`, pass "
        "`concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy='CANCEL_NEW')`, and check again: what "
        "happens to the second run?",
    ),
)
