# message: Your flow created the limit 'my-database'. It should use 'live-database'
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("my-database", strict=True):
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name("my-database", 3)
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
