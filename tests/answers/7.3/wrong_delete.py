# message: holds no limit on .* after your call.*runs free
from prefect.client.orchestration import get_client


def free_slots(tag):
    with get_client(sync_client=True) as client:
        client.delete_global_concurrency_limit_by_name(f"tag:{tag}")
