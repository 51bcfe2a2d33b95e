# message: returned the rows that extract returned.*the rows that load returned
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
    load(transform(rows), seconds)
    return rows
