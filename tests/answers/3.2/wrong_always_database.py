# message: left no limit on
from prefect.client.orchestration import get_client


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name="tag:database-of-mine", limit=slots)
