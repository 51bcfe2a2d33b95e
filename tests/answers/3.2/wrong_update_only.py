# message: raised ObjectNotFound.*before the limit has been created
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(f"tag:{tag}", GlobalConcurrencyLimitUpdate(limit=slots))
