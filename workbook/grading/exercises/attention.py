"""The grader of exercise 11.2: which flow runs need attention."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import AwaitingRetry, Cancelled, Completed, Crashed, Failed, Late, Running, Scheduled

from workbook.grading.evidence import OpaqueValue
from workbook.grading.model import NotYet
from workbook.grading.sandbox import Answer, AnswerError

PAGE = 200  # flow runs that the server hands out at most, when it is asked once
MANY = 207  # late flow runs, which are more than that
HOURLY, WATCHED = "hourly", "watched"  # the flows whose runs are late, and those of all kinds


@dataclass(frozen=True)
class Due:
    """A flow run that is to be made: its state, and when it was due."""

    name: str
    state: State
    moment: datetime

    @property
    def needs_attention(self) -> bool:
        return self.state.is_failed() or self.state.is_crashed() or self.state.name == "Late"


def watched(answer: Answer) -> None:
    """First a night with a run in each state; then three days, with more runs than the server hands out at once."""
    with_many = asyncio.run(_late_runs(answer.rng))
    begin = datetime.now(UTC) - timedelta(hours=10)
    night = _night(answer.rng, begin)
    asyncio.run(_made(WATCHED, night))
    _is_told(answer, begin, [due for due in night if due.moment >= begin], [*with_many, *night])
    begin = min(due.moment for due in with_many) - timedelta(minutes=1)
    there = timezone(timedelta(hours=2))
    elsewhere = datetime.fromtimestamp(begin.timestamp(), there)  # the same moment, as a clock there shows it
    _is_told(answer, elsewhere, [*with_many, *night], [*with_many, *night])


def _night(rng: random.Random, begin: datetime) -> list[Due]:
    """Flow runs in every state, in the order in which they are made, which is not that in which they were due."""
    states = [
        Failed(message="The supplier sent an empty file."), Failed(name="TimedOut"), Crashed(),
        Late(scheduled_time=begin), Late(scheduled_time=begin),
        Completed(), Cancelled(), Running(), AwaitingRetry(scheduled_time=begin + timedelta(days=2)),
    ]  # fmt: skip
    minutes = [0, *rng.sample(range(1, 590), len(states) - 1)]  # one was due at that very moment
    words = rng.sample(["apples", "bread", "cheese", "dates", "eggs", "figs", "grapes", "honey", "ice"], len(states))
    night = [
        Due(f"{word}-{rng.randrange(10**6)}", state, begin + timedelta(minutes=minute))
        for word, state, minute in zip(words, states, minutes, strict=True)
    ]
    night[4] = replace(night[4], name=night[3].name)  # nothing keeps two runs from having one name
    number = rng.randrange(10**6)
    night += [
        Due(f"yesterday-{number}", Failed(), begin - timedelta(hours=2)),
        Due(f"tomorrow-{number}", Scheduled(), begin + timedelta(days=1)),
    ]
    return rng.sample(night, len(night))


async def _late_runs(rng: random.Random) -> list[Due]:
    """Many late flow runs, three days ago, which are made once on each server; and no others since then."""
    async with get_client() as client:
        wanted = FlowFilter(name=FlowFilterName(any_=[HOURLY]))
        found = [*await _page(client, 0, wanted), *await _page(client, PAGE, wanted)]
        if len(found) != MANY:
            await _removed(client, found)
            begin = datetime.now(UTC) - timedelta(days=3)
            moments = [begin + timedelta(minutes=10 * place) for place in range(MANY)]
            late = [Due(f"{HOURLY}-{rng.randrange(10**9)}", Late(), moment) for moment in moments]
            await _made(HOURLY, rng.sample(late, MANY))
        else:
            late = [Due(run.name, run.state, run.expected_start_time) for run in found]
        kept = {due.name for due in late}
        since = FlowRunFilter(expected_start_time=FlowRunFilterExpectedStartTime(after_=min(d.moment for d in late)))
        while strays := [run for run in await _page(client, 0, runs=since, newest=True) if run.name not in kept]:
            await _removed(client, strays)  # what earlier answers have left
    return sorted(late, key=lambda due: due.moment)


async def _page(
    client: PrefectClient, offset: int, flow: FlowFilter | None = None, runs: FlowRunFilter | None = None,
    newest: bool = False,
) -> list[FlowRun]:  # fmt: skip
    sort = FlowRunSort.EXPECTED_START_TIME_DESC if newest else FlowRunSort.EXPECTED_START_TIME_ASC
    return await client.read_flow_runs(flow_filter=flow, flow_run_filter=runs, sort=sort, limit=PAGE, offset=offset)


async def _removed(client: PrefectClient, runs: list[FlowRun]) -> None:
    for run in runs:
        await client.delete_flow_run(run.id)


async def _made(flow: str, runs: list[Due]) -> None:
    """Make flow runs that were due at their moment, and that are in their state."""
    async with get_client() as client:
        flow_id = await client.create_flow_from_name(flow)
        for due in runs:
            late = due.state.name == "Late"
            first = {"type": "SCHEDULED", "name": "Late" if late else "Scheduled"}
            first["state_details"] = {"scheduled_time": due.moment.isoformat()}
            body = {"flow_id": str(flow_id), "name": due.name, "state": first}
            made = await client.request("POST", "/flow_runs/", json=body)
            if not late and due.state.name != "Scheduled":
                await client.set_flow_run_state(made.json()["id"], due.state, force=True)


def _is_told(answer: Answer, begin: datetime, since: list[Due], every: list[Due]) -> None:
    """The answer returns the names of those due since then that need attention, in the order in which they were due."""
    wanted = [due.name for due in sorted(since, key=lambda due: due.moment) if due.needs_attention]
    found = _called(answer, begin)
    if found == wanted:
        return
    known = {due.name: due for due in every}
    if len(found) == PAGE < len(wanted) and set(found) <= set(wanted):
        raise NotYet(
            f"Your function returned {PAGE} names.", f"There are {len(wanted)} flow runs that need attention.",
            f"The server hands out at most {PAGE} at a time: ask again with `offset=`, until nothing more comes.",
        )  # fmt: skip
    strange = [name for name in found if name not in wanted]
    if strange and len(strange) == len(found):
        _strange(strange[0], known, begin)
    if len(found) > 1 and all(name in known and known[name].moment <= begin for name in found):
        raise NotYet(
            f"Your list has only flow runs that were due until {begin.astimezone(UTC):%H:%M} UTC.",
            "It should have those that were due then or later.",
            "`after_` means from a moment on, and `before_` until then.",
        )  # fmt: skip
    if missing := [known[name] for name in wanted if name not in found]:
        if len(missing) == 1 and missing[0].moment == begin:
            raise NotYet(
                f"Your list leaves out {_kind(missing[0])} and was due at that very moment.",
                "It should have those that were due then or later.",
                "The server's filter with `after_` includes that moment; a `>` of your own doesn't.",
            )
        offset = begin.utcoffset() or timedelta()
        if offset and all(due.moment < begin + offset for due in missing):
            raise NotYet(
                f"`since` was {begin.isoformat(timespec='minutes')!r}, and your list leaves out those that were due in "
                "the two hours after it.",
                "It should have those that were due then or later.",
                "`since` has a UTC offset: keep it, and compare moments, not texts; or let the server do it.",
            )
        kinds = {known[name].state.name for name in found if name in known}
        raise NotYet(
            f"Your list leaves out {_kind(missing[0])}." if found else "Your list is empty.",
            "It should have every flow run that is Failed (also TimedOut), Crashed or Late.",
            _why_left_out(missing[0].state.name, kinds),
        )
    if strange:
        _strange(strange[0], known, begin)
    if twice := Counter(found) - Counter(wanted):
        raise NotYet(f"Your list has {next(iter(twice))!r} twice.", "It should have each flow run once.")
    if merged := Counter(wanted) - Counter(found):
        raise NotYet(
            f"Two flow runs are called {next(iter(merged))!r}, and your list has the name once.",
            "It should have the name of each flow run.",
            "Names of flow runs need not be unique, so a set of names, or a dict by name, loses some: ids are unique.",
        )
    raise NotYet(
        "Your list has the right names in another order.",
        "They should be in the order in which the runs were due, the first one first.",
        "With `sort=`, the server sorts one answer by when the runs were due (late runs have no start time). Lists "
        "that you join aren't sorted together.",
    )


def _why_left_out(missing: str, kinds: Collection[str]) -> str:
    """Where to look, if a run of the state `missing` isn't in a list that has runs of these states."""
    pages = "Look at `limit` and `offset`, and at when your loop ends."
    if missing in kinds:
        return f"Your list has other runs that are {missing}. {pages}"
    if not kinds:
        return f"No run is both of type FAILED and Late: do you need `operator='or_'`? {pages}"
    return "Failed and Crashed are types of state; TimedOut is a name of type FAILED, and Late one of type SCHEDULED."


def _strange(name: str, known: dict[str, Due], begin: datetime) -> None:
    if name not in known:
        raise NotYet(
            f"Your list has {name!r}, but no flow run since then has that name.",
            "It should have the names of flow runs.",
            "Use the flow run's own `name`, not its flow's or its state's.",
        )
    if known[name].needs_attention:
        raise NotYet(
            f"Your list has {_kind(known[name])}, but was due before {begin.astimezone(UTC):%H:%M} UTC.",
            "It should only have flow runs that were due since then.",
            "`expected_start_time` is when a run was due.",
        )
    raise NotYet(
        f"Your list has {_kind(known[name])}.",
        "It should only have flow runs that are Failed, Crashed or Late.",
        "Late is a state's name: its type is SCHEDULED, like that of runs that aren't due yet." if known[
            name
        ].state.is_scheduled() else "",
    )  # fmt: skip


def _kind(due: Due) -> str:
    return f"{due.name!r}, which is {due.state.name}"


def _called(answer: Answer, begin: datetime) -> list[str]:
    """What the answer returns, if it is a list of texts."""
    call = f'`needs_attention("{begin.isoformat(timespec="minutes")}")`'
    expected = "It should return a list of names."
    try:
        found: Any = answer.call(begin.isoformat())
    except AnswerError as error:
        if refused := re.search(r"Invalid limit: [^'\"}]*", str(error)):
            raise NotYet(
                f"The server refused what {call} asked for: {refused[0].rstrip('.')}.", expected,
                f"Ask for at most {PAGE} at a time, with `offset=` for the next ones.",
            ) from None  # fmt: skip
        raise
    if not isinstance(found, list):
        shown = found.type if isinstance(found, OpaqueValue) else f"{found!r:.60}"
        raise NotYet(f"{call} returned {shown}.", expected, "Is there a `return` at its end?" if found is None else "")
    if other := [one for one in found if not isinstance(one, str)]:
        shown = other[0].type if isinstance(other[0], OpaqueValue) else f"{other[0]!r:.60}"
        raise NotYet(f"{call} returned a list with a {shown} in it.", expected, "A flow run has its name in `.name`.")
    return found
