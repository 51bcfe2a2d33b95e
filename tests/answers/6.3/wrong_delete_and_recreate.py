# message: is a new one after your call
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        slots = client.read_global_concurrency_limit_by_name(f"tag:{tag}").limit
        client.delete_global_concurrency_limit_by_name(f"tag:{tag}")
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=f"tag:{tag}", limit=slots))
