# message: No task ran between extract-\w+ and load-\w+. Transform should be a task too
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chain(index, seconds):
    return load(transform(extract(index, seconds)), seconds)
