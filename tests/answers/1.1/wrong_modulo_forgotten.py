# message: returned (2\d|30) rows, and then your flow ran query (2\d|30). It should have run query \d+, which
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows)


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chain(index, seconds):
    return load(transform(extract(index, seconds)), seconds)
