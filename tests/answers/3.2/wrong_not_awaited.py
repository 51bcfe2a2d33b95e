# message: Python warned that a coroutine was never awaited
from prefect.client.orchestration import get_client


def ensure_limit(tag, slots):
    client = get_client()
    client.upsert_global_concurrency_limit_by_name(f"tag:{tag}", slots)
