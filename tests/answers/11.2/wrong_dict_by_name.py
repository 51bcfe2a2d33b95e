# message: Two flow runs are called .* has the name once.*ids are unique
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter


def pages(**wanted):
    with get_client(sync_client=True) as client:
        offset = 0
        while page := client.read_flow_runs(
            flow_run_filter=FlowRunFilter(**wanted), sort="EXPECTED_START_TIME_ASC", limit=200, offset=offset
        ):
            yield from page
            offset += len(page)


def needs_attention(since):
    due = {}
    for state in ({"type": {"any_": ["FAILED", "CRASHED"]}}, {"name": {"any_": ["Late"]}}):
        for run in pages(expected_start_time={"after_": since}, state=state):
            due[run.name] = run.expected_start_time
    return sorted(due, key=due.get)
