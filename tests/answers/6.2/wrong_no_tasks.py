# message: No task ran: Prefect knows of none
from prefect import flow

from workbook.work import ask


@flow
def counts(indexes, seconds):
    return [len(ask(index, seconds)) for index in indexes]
