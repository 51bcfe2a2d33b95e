# message: No task ran
from prefect import flow

from workbook.work import ask


@flow
def three_at_a_time(indexes, seconds):
    return [ask(index, seconds) for index in indexes]
