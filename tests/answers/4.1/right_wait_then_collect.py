from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def collect(futures):
    return futures


@flow
def in_batches(indexes, seconds, size):
    futures = []
    left = list(indexes)
    while left:
        batch, left = left[:size], left[size:]
        futures.extend(query.with_options(name=f"of {size}").submit(index, seconds) for index in batch)
        wait(futures)
    return collect(futures)
