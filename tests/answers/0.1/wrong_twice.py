# message: Query \d+ ran 2 times. Each should run once
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    query(index, seconds)
    return query(index, seconds)
