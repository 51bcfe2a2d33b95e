# message: was told to take [\d.]+ s. The flow's argument `seconds` was 0.1
from prefect import flow, task

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number):
    return ask(number)


@flow
def chain(index, seconds):
    return load(transform(extract(index, seconds)))
