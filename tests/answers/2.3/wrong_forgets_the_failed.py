# message: returned \[\] as 'failed'.*each query that failed
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    results = [future.result(raise_on_failure=False) for future in futures]
    return {"answers": [rows for rows in results if isinstance(rows, list)], "failed": []}
