# message: At most 1 of your 4 extracts ran at the same time.*`\.wait\(\)`
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
        rows.wait()
        number = transform.submit(rows)
        number.wait()
        ends.append(load.submit(number, seconds))
    return [future.result() for future in ends]
