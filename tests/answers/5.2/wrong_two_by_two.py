# message: At most 2 of your tasks ran at once\. It should have been 4\..*batches
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    rows = []
    for first in range(0, len(indexes), 2):
        pair = [query.submit(index, seconds) for index in indexes[first : first + 2]]
        rows += [future.result() for future in pair]
    return rows
