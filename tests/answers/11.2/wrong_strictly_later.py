# message: was due at that very moment.*a `>` of your own
from datetime import datetime

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort


def needs_attention(since):
    begin = datetime.fromisoformat(since)
    names, offset = [], 0
    with get_client(sync_client=True) as client:
        while page := client.read_flow_runs(
            flow_run_filter=FlowRunFilter(expected_start_time={"after_": begin}),
            sort=FlowRunSort.EXPECTED_START_TIME_ASC,
            limit=200,
            offset=offset,
        ):
            offset += len(page)
            for run in page:
                if run.expected_start_time > begin and run.state_name in ("Failed", "TimedOut", "Crashed", "Late"):
                    names.append(run.name)
    return names
