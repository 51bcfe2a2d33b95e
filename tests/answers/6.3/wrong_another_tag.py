# message: of its \d slots taken after your call
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name="tag:database-of-mine", limit=3)
        client.update_global_concurrency_limit("tag:database-of-mine", GlobalConcurrencyLimitUpdate(active_slots=0))
