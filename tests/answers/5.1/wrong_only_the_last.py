# message: Query \d+ failed, but your flow ended Completed
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    for index in indexes:
        future = query.submit(index, seconds)
    future.result()
    return "all done"
