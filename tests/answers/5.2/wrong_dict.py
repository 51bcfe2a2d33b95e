# message: Your flow returned \{.*It should return two lists.*return finished, rows
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]
    number = dict(zip(futures, indexes, strict=True))
    return {number[future]: future.result() for future in as_completed(futures)}
