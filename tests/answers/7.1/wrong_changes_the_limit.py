# message: The limit 'live-database' was \d, and after your flow it is 2
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database", strict=True):
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name("live-database", 2)
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
