# message: They ran one at a time: look for `.result\(\)` inside the loop
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    rows = []
    for index in indexes:
        rows.append(query.submit(index, seconds).result())
    return rows
