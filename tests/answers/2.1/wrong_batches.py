# message: At most 3 of your tasks ran at once. All \d should run.*batches
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    rows = []
    for first in range(0, len(indexes), 3):
        futures = [query.submit(index, seconds) for index in indexes[first : first + 3]]
        rows += [future.result() for future in futures]
    return rows
