# message: Query \d\d doesn't exist, and your flow didn't try it
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    there = [index for index in indexes if index < 20]
    rows = query.map(there, unmapped(seconds)).result()
    return {"answers": rows, "failed": [index for index in indexes if index >= 20]}
