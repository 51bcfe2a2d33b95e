# message: left no limit on .*It holds one named 'exercise-\d+', but.*with `tag:` in front
from prefect.client.orchestration import get_client


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name=tag, limit=slots)
