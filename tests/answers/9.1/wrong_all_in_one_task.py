# message: One task run ran \d queries\.
from prefect import flow, task

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def everything(indexes, seconds):
    return [ask(index, seconds) for index in indexes]


@flow
def persistent(indexes, seconds):
    return everything(indexes, seconds)
