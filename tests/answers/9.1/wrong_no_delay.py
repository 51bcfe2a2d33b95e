# message: Query \d+ was tried again immediately
from prefect import flow, task

from workbook.work import ask


@task(retries=2)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
