# message: rows, and then your flow ran query [1-6]. It should have run.*what your transform returns
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows[0]) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chain(index, seconds):
    return load(transform(extract(index, seconds)), seconds)
