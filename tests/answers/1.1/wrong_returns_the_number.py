# message: returned \d+ as the rows of the last query
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
    number = transform(extract(index, seconds))
    load(number, seconds)
    return number
