# message: rows, and then your flow ended Failed: .*got [\d.]+'?\. It should have run query \d+, which.*what your transform returns
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) / 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chain(index, seconds):
    return load(transform(extract(index, seconds)), seconds)
