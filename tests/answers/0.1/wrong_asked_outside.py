# message: ran outside any task run
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return index


@flow
def first_flow(index, seconds):
    query(index, seconds)
    return ask(index, seconds)
