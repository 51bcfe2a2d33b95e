# message: of its \d slots taken after your call; \d had leaked
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        taken = client.read_global_concurrency_limit_by_name(f"tag:{tag}").active_slots
        client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(active_slots=taken - 1))
