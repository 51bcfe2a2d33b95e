# message: Your flow created the limit 'tag:live'
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

from workbook.work import ask


@task(tags=["live"])
def pair(old, new, seconds):
    return ask(old, seconds), ask(new, seconds)


@flow
def reports(pairs, seconds):
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="tag:live", limit=3))
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
