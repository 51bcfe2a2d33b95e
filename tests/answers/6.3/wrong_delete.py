# message: The server has no limit on .* after your call.*runs without a limit
from prefect.client.orchestration import get_client


def free_slots(tag):
    with get_client(sync_client=True) as client:
        client.delete_global_concurrency_limit_by_name(f"tag:{tag}")
