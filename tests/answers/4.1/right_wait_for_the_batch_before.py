from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    before, futures = [], []
    for first in range(0, len(indexes), size):
        before = [query.submit(index, seconds, wait_for=before) for index in indexes[first : first + size]]
        futures += before
    return [future.result() for future in futures]
