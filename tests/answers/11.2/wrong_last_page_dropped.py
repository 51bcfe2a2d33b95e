# message: Your list is empty.*Look at .limit. and .offset., and at when your loop ends

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
)


def needs_attention(since):
    bad = {"operator": "or_", "type": {"any_": ["FAILED", "CRASHED"]}, "name": {"any_": ["Late"]}}
    wanted = FlowRunFilter(expected_start_time={"after_": since}, state=bad)
    names = []
    with get_client(sync_client=True) as client:
        while True:
            page = client.read_flow_runs(
                flow_run_filter=wanted, sort="EXPECTED_START_TIME_ASC", limit=200, offset=len(names)
            )
            if len(page) < 200:
                break
            names += [run.name for run in page]
    return names
