# message: [234] tasks of a batch ran at once, but at most 1 of their queries.*a lock or a semaphore
import threading

from prefect import flow, task

from workbook.work import ask

one = threading.Semaphore(1)


@task
def query(index, seconds):
    with one:
        return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
    return rows
