# message: At most 2 of your tasks ran at once. It should have been \d
from prefect import flow, task

from workbook.work import ask


@task(tags=["database"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    rows = []
    for first in range(0, len(indexes), 2):
        futures = [query.submit(index, seconds) for index in indexes[first : first + 2]]
        rows += [future.result() for future in futures]
    return rows
