# message: rows, and then your flow ran query \d+ again\. It should have run query \d+.*at what load is given
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
    transform(rows)
    return load(index, seconds)
