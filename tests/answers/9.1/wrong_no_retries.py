# message: Query \d+, on which the database failed, ran 1 time\. It should have been [23]\.
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
