# message: There is a LookupError among the answers.*future.state
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return {"answers": [future.result(raise_on_failure=False) for future in futures], "failed": []}
