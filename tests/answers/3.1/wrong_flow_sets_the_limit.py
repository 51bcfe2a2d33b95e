# message: The limit on 'database' was \d, and after your flow it is 3\.
from prefect import flow, task, unmapped
from prefect.client.orchestration import get_client

from workbook.work import ask


@task(tags=["database"])
def limited_query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name("tag:database", 3)
    return limited_query.map(indexes, unmapped(seconds)).result()
