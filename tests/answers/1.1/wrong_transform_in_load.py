# message: No task ran between.*not inside another task
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(rows, seconds):
    return ask(transform(rows), seconds)


@flow
def chain(index, seconds):
    return load(extract(index, seconds), seconds)
