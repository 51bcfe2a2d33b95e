# message: Query \d+ was told to take [\d.]+ s. The flow's argument `seconds` was 0.1
from prefect import flow, task

from workbook.work import ask


@task
def query(index):
    return ask(index)


@flow
def first_flow(index, seconds):
    return query(index)
