# message: raised TypeError.*should not fail\.$
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists


def ensure_limit(tag, slots):
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        except ObjectAlreadyExists:
            client.update_global_concurrency_limit(name, limit=slots)
