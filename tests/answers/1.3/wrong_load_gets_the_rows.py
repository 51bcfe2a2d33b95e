# message: ended Failed: TypeError: ask\(\) takes the number of one query, and got \[
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
    ends = []
    for index in indexes:
        rows = extract.submit(index, seconds)
        transform.submit(rows)
        ends.append(load.submit(rows, seconds))
    return [future.result() for future in ends]
