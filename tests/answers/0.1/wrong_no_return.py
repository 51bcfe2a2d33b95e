# message: returned nothing.*Is there a `return`
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    query(index, seconds)
