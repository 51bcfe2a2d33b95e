# message: changed the limit on .* as well
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        for found in client.read_global_concurrency_limits(limit=200):
            if found.name.startswith("tag:leak-"):
                client.update_global_concurrency_limit(found.name, GlobalConcurrencyLimitUpdate(active_slots=0))
