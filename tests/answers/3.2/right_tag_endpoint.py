from prefect.client.orchestration import get_client


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        client.create_concurrency_limit(tag=tag, concurrency_limit=slots)
