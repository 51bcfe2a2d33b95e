# message: with them your flow.*raise_on_failure=False
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return {"answers": [future.result() for future in futures], "failed": []}
