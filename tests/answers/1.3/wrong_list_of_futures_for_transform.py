# message: no load ran query \d+; one ran query|and none ran query \d+
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
    rows, ends = [], []
    for index in indexes:
        rows.append(extract.submit(index, seconds))
        ends.append(load.submit(transform.submit(rows), seconds))
    return [future.result() for future in ends]
