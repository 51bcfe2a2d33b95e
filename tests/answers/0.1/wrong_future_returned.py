# message: call `.result\(\)` on it
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    return [query.submit(index, seconds)]
