# message: Your flow returned 4 results\.
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(indexes[place], durations[place]) for place in range(len(indexes))]
    return [future.result() for future in futures[:-1]]
