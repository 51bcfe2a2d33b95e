# message: raised Abort.*the state of a task that has not ended
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
    return load.submit(transform.submit(extract.submit(index, seconds)), seconds).state
