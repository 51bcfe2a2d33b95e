# message: has a UTC offset: keep it, and compare moments
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort


def needs_attention(since):
    names, offset = [], 0
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200, offset=offset):
            offset += len(page)
            for run in page:
                late = run.expected_start_time.isoformat() >= since
                if late and run.state_name in ("Failed", "TimedOut", "Crashed", "Late"):
                    names.append(run.name)
    return names
