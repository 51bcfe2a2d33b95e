from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound


def ensure_limit(tag, slots):
    name = "tag:" + tag
    with get_client(sync_client=True) as client:
        try:
            there = client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            there = None
        if there is None:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        elif there.limit != slots:
            client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(limit=slots))
    return slots
