# message: No task ran between extract-\w+ and load-\w+\. Transform should be a task too
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
    rows = [extract.submit(index, seconds) for index in indexes]
    loads = [load.submit(transform.fn(future.result()), seconds) for future in rows]
    return [future.result() for future in loads]
