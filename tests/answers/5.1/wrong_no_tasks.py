# message: No task ran
from prefect import flow

from workbook.work import ask


@flow
def all_done(indexes, seconds):
    for index in indexes:
        ask(index, seconds)
    return "all done"
