from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort

BAD = {"Failed", "TimedOut", "Crashed", "Late"}


def needs_attention(since):
    found = {}
    with get_client(sync_client=True) as client:
        while True:
            runs = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(
                    expected_start_time={"after_": since}, state={"name": {"any_": sorted(BAD)}}
                ),
                sort=FlowRunSort.EXPECTED_START_TIME_ASC,
                limit=200,
            )
            new = {run.id: run for run in runs if run.id not in found}
            if not new:
                break
            found |= new
            since = max(run.expected_start_time for run in runs).isoformat()
    return [run.name for run in sorted(found.values(), key=lambda run: run.expected_start_time)]
