# message: One task run ran 2 queries. Each query should have its own task run
from prefect import flow, task

from workbook.work import ask


@task
def everything(index, seconds):
    return ask(len(ask(index, seconds)) % 20, seconds)


@flow
def chain(index, seconds):
    return everything(index, seconds)
