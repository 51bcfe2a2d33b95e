# message: (At most 2 of the [34]|batch 2 began before batch 1 had ended).*Take the size from the argument
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), 2):
        futures = [query.submit(index, seconds) for index in indexes[first : first + 2]]
        rows += [future.result() for future in futures]
    return rows
