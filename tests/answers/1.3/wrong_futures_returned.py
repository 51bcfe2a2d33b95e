# message: call `\.result\(\)` on it
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chains(indexes, seconds):
    return [load.submit(transform.submit(extract.submit(index, seconds)), seconds) for index in indexes]
