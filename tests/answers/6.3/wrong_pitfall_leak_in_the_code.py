# message: the server has no limit with the name that you used.*named 'tag:leak-\d+': `tag:`, and then the argument `tag`
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit("tag:pitfall-leak", GlobalConcurrencyLimitUpdate(active_slots=0))
