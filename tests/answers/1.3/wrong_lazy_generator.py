# message: ran one after another.*a generator that submits only as you collect
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
def chains(indexes, seconds):
    futures = (load.submit(transform.submit(extract.submit(index, seconds)), seconds) for index in indexes)
    return [future.result() for future in futures]
