# message: Query \d+ ran in a thread that Prefect doesn't know
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task

from workbook.work import ask


@task
def batch(indexes, seconds):
    with ThreadPoolExecutor(len(indexes)) as pool:
        return list(pool.map(lambda index: ask(index, seconds), indexes))


@flow
def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), size):
        rows += batch(indexes[first : first + size], seconds)
    return rows
