# message: returned None\. It should return a list of names\. Is there a .return
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter


def needs_attention(since):
    bad = {"operator": "or_", "type": {"any_": ["FAILED", "CRASHED"]}, "name": {"any_": ["Late"]}}
    wanted = FlowRunFilter(expected_start_time={"after_": since}, state=bad)
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=wanted, sort="EXPECTED_START_TIME_ASC")
    print([run.name for run in runs])
