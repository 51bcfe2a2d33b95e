# message: One of your tasks waits for its own future.*pass one future, not the list
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
        number = transform.submit(rows)
        ends.append(load.submit(number, seconds, wait_for=ends))
    return [future.result() for future in ends]
