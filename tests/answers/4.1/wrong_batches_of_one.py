# message: At most 1 of the \d queries of a batch ran at once.*ran one at a time
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), 1):
        futures = [query.submit(index, seconds) for index in indexes[first : first + 1]]
        rows += [future.result() for future in futures]
    return rows
