from datetime import datetime
from itertools import count

from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort


def is_bad(run):
    return run.state.is_failed() or run.state.is_crashed() or run.state_name == "Late"


def everything(client):
    for number in count():
        page = client.read_flow_runs(sort=FlowRunSort.ID_DESC, limit=100, offset=100 * number)
        yield from page
        if len(page) < 100:
            return


def needs_attention(since):
    since = datetime.fromisoformat(since)
    with get_client(sync_client=True) as client:
        bad = [run for run in everything(client) if run.expected_start_time >= since and is_bad(run)]
    return [run.name for run in sorted(bad, key=lambda run: run.expected_start_time)]
