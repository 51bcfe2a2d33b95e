# message: right names in another order.*Lists that you join aren't sorted together
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort


def found(client, since, state):
    wanted, names = FlowRunFilter(expected_start_time={"after_": since}, state=state), []
    while page := client.read_flow_runs(
        flow_run_filter=wanted, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200, offset=len(names)
    ):
        names += [run.name for run in page]
    return names


def needs_attention(since):
    with get_client(sync_client=True) as client:
        ended = found(client, since, {"type": {"any_": ["FAILED", "CRASHED"]}})
        late = found(client, since, {"name": {"any_": ["Late"]}})
    return ended + late
