from contextlib import contextmanager

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate as Update


@contextmanager
def limits():
    with get_client(sync_client=True) as client:
        yield client, {found.name: found for found in client.read_global_concurrency_limits(limit=100, offset=0)}


def free_slots(tag):
    with limits() as (client, found):
        mine = found[f"tag:{tag}"]
        client.update_global_concurrency_limit(mine.name, Update(active_slots=0, limit=mine.limit))
        return mine.active_slots
