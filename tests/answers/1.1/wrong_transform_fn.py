# message: No task ran between .*Put `@task` above transform
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
def chain(index, seconds):
    rows = extract(index, seconds)
    return load(transform.fn(rows), seconds)
