# message: raised ObjectNotFound.*begins with `tag:`
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectAlreadyExists


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=f"tag:{tag}", limit=slots))
        except ObjectAlreadyExists:
            client.update_global_concurrency_limit(tag, GlobalConcurrencyLimitUpdate(limit=slots))
