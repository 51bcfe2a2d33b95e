import itertools

from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


def batches(things, size):
    things = iter(things)
    while batch := list(itertools.islice(things, size)):
        yield batch


@flow
def in_batches(indexes, seconds, size):
    return [rows for batch in batches(indexes, size) for rows in query.map(batch, unmapped(seconds)).result()]
