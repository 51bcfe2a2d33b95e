# message: with the end of the chain of query \d+ there
from prefect import flow, task
from prefect.futures import as_completed

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
        ends.append(load.submit(number, seconds))
    return [end.result() for end in as_completed(ends)]
