# message: on a tag with a limit of (\d) left a limit of \1\..*must be updated
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.exceptions import ObjectAlreadyExists


def ensure_limit(tag, slots):
    with get_client(sync_client=True) as client:
        try:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=f"tag:{tag}", limit=slots))
        except ObjectAlreadyExists:
            print("the limit is there")
