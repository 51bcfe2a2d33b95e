# message: No task ran
from prefect import flow

from workbook.work import ask


@flow
def first_flow(index, seconds):
    return ask(index, seconds)
