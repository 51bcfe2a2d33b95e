from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def batch(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]


@flow
def in_batches(indexes, seconds, size):
    rows = []
    while indexes:
        rows += batch(indexes[:size], seconds)
        indexes = indexes[size:]
    return rows
