# message: At most [6-8] of your tasks ran at once. All [7-9] should run.*The others began only after
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    first = query(indexes[0], seconds)  # to see whether the database is there
    futures = [query.submit(index, seconds) for index in indexes[1:]]
    return [first, *(future.result() for future in futures)]
