import asyncio

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.sorting import FlowRunSort

ENDED = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.FAILED, StateType.CRASHED]))
LATE = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Late"]))


async def _all(client, since, state):
    found = []
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                expected_start_time=FlowRunFilterExpectedStartTime(after_=since), state=state
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            offset=len(found),
        )
        found.extend(page)
        if not page:
            return found


async def _both(since):
    async with get_client() as client:
        pages = await asyncio.gather(_all(client, since, ENDED), _all(client, since, LATE))
    return sorted([*pages[0], *pages[1]], key=lambda run: run.expected_start_time)


def needs_attention(since):
    print("looking for what went wrong since", since)
    return [run.name for run in asyncio.run(_both(since))]
