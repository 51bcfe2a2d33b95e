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
    places = {extract.submit(index, seconds): place for place, index in enumerate(indexes)}
    ends = [None] * len(indexes)
    for future in as_completed(list(places)):
        ends[places[future]] = load.submit(transform.submit(future.result()), seconds)
    return [future.result() for future in ends]
