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


@task
def columns(rows):
    return len(rows[0]) % 20


@flow
def chains(indexes, seconds):
    ends = []
    for index in indexes:
        rows = extract.submit(index, seconds)
        ends.append(load.submit(columns.submit(rows), seconds))
    return [future.result() for future in ends]
