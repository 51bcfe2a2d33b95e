# message: The limit on .* is \d+ after your call.*More slots don't bring back
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        found = client.read_global_concurrency_limit_by_name(f"tag:{tag}")
        more = found.limit + found.active_slots
        client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(limit=more))
