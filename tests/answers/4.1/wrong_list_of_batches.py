# message: returned \d results?. It should return \d
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows.append([future.result() for future in futures])
    return rows
