# message: Your chains ran one after another: extract-\w+ began after load-\w+
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
    found = []
    for index in indexes:
        rows = extract.submit(index, seconds)
        number = transform.submit(rows)
        found.append(load.submit(number, seconds).result())
    return found
