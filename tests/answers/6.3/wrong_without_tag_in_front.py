# message: raised .*ObjectNotFound: the server has no limit with the name.*named 'tag:leak-\d+': `tag:`, and then
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate


def free_slots(tag):
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(tag, GlobalConcurrencyLimitUpdate(active_slots=0))
