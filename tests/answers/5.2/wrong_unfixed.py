# message: right results in (the order in which your tasks ended|another order).*Go through your own list.*as_completed
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]
    finished = indexes
    rows = [future.result() for future in as_completed(futures)]
    return finished, rows
