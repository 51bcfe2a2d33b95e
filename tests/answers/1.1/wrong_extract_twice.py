# message: Query \d+ ran 2 times. Each should run once
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
    print(len(extract(index, seconds)), "rows")
    number = transform(extract(index, seconds))
    return load(number, seconds)
