# message: No task ran between extract-\w+ and transform_and_load-\w+\.
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


@task
def transform_and_load(rows, seconds):
    return ask(transform.fn(rows), seconds)


@flow
def chains(indexes, seconds):
    rows = [extract.submit(index, seconds) for index in indexes]
    loads = [transform_and_load.submit(future, seconds) for future in rows]
    return [future.result() for future in loads]
