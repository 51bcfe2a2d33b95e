# message: on a tag without a limit left a limit of
from prefect.client.orchestration import get_client


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name=f"tag:{tag}", limit=slots + 1)
