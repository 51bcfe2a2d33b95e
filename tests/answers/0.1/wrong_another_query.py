# message: returned \[|In what your flow returned, `\[|returned \d+ results?. It should return
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    return query((index + 1) % 20, seconds)
