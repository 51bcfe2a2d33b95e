# message: right results in another order
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    first, *others = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]
    return [first.result()] + [future.result() for future in as_completed(others)]
