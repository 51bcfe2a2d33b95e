# message: ended Completed, as if nothing had happened.*raise_on_failure=False
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    [future.result(raise_on_failure=False) for future in futures]
    return "all done"
