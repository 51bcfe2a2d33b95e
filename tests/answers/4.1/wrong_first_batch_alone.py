# message: \d of your tasks ran at once. It should have been at most \d, the size of a batch
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = [future.result() for future in [query.submit(index, seconds) for index in indexes[:size]]]
    futures = [query.submit(index, seconds) for index in indexes[size:]]
    return rows + [future.result() for future in futures]
