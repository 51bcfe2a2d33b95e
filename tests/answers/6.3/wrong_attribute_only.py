# message: To set .active_slots. on what you have read changes nothing on the server
from prefect.client.orchestration import get_client


def free_slots(tag):
    with get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name(f"tag:{tag}")
        limit.active_slots = 0
