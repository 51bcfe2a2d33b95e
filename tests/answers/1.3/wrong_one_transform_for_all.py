# message: Between the extracts and the loads 1 task ran\. It should have been 4.*has to wait for all of them
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
def transform_all(extracted):
    return [len(rows) % 20 for rows in extracted]


@flow
def chains(indexes, seconds):
    rows = [extract.submit(index, seconds) for index in indexes]
    loads = load.map(transform_all.submit(rows), seconds)
    return loads.result()
