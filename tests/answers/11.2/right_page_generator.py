from datetime import datetime
from itertools import count, takewhile

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterExpectedStartTime
from prefect.client.schemas.sorting import FlowRunSort


def needs_attention(since):
    wanted = FlowRunFilter(expected_start_time=FlowRunFilterExpectedStartTime(after_=datetime.fromisoformat(since)))
    with get_client(sync_client=True) as client:
        pages = (
            client.read_flow_runs(
                flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=100, offset=offset
            )
            for offset in count(0, 100)
        )
        runs = [run for page in takewhile(bool, pages) for run in page]
    return [
        run.name
        for run in reversed(runs)
        if run.state.is_failed() or run.state.is_crashed() or run.state_name == "Late"
    ]
