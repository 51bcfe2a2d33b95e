# message: Your list leaves out 'hourly-\d+', which is Late.*Your list has other runs that are Late. Look at .limit. and .offset.

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
)


def needs_attention(since):
    bad = {"operator": "or_", "type": {"any_": ["FAILED", "CRASHED"]}, "name": {"any_": ["Late"]}}
    wanted = FlowRunFilter(expected_start_time={"after_": since}, state=bad)
    names, offset = [], 0
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            flow_run_filter=wanted, sort="EXPECTED_START_TIME_ASC", limit=100, offset=offset
        ):
            names += [run.name for run in page]
            offset += 200
    return names
