# message: Your list is empty.*do you need .operator='or_'
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter


def needs_attention(since):
    bad = {"type": {"any_": ["FAILED", "CRASHED"]}, "name": {"any_": ["Late"]}}
    wanted = FlowRunFilter(expected_start_time={"after_": since}, state=bad)
    runs = []
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            flow_run_filter=wanted, sort="EXPECTED_START_TIME_ASC", limit=200, offset=len(runs)
        ):
            runs += page
    return [run.name for run in runs]
