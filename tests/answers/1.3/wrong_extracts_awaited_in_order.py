# message: transform-\w+, a step in .* began only after extract-\w+.*the step before it in its own chain
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
    extracts = [extract.submit(index, seconds) for index in indexes]
    ends = []
    for future in extracts:
        number = transform.submit(future.result())
        ends.append(load.submit(number, seconds))
    return [future.result() for future in ends]
