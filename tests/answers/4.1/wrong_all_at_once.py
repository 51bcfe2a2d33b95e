# message: of your tasks ran at once\. It should have been at most
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
