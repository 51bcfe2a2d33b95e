# message: ask\(\) takes the number of one query, and got \[
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
    rows = extract.submit(indexes, seconds)
    number = transform.submit(rows)
    return [load.submit(number, seconds).result()]
