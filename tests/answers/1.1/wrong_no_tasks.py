# message: No task ran
from prefect import flow

from workbook.work import ask


@flow
def chain(index, seconds):
    return ask(len(ask(index, seconds)) % 20, seconds)
