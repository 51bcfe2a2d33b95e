# message: on a tag with a limit of (\d) left a limit of \1\..*higher or lower
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound


def ensure_limit(tag, slots):
    name = f"tag:{tag}"
    with get_client(sync_client=True) as client:
        try:
            found = client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        else:
            if found.limit < slots:
                client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=slots))
