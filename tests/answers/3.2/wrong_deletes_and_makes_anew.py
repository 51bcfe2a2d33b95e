# message: no slot was taken, although a task run still held one.*You deleted the limit and created a new one
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectNotFound


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        try:
            client.delete_global_concurrency_limit_by_name(f"tag:{tag}")
        except ObjectNotFound:
            pass
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=f"tag:{tag}", limit=slots))
