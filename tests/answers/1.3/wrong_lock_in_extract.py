# message: Your 4 extracts ran at the same time, but at most 1 of their queries.*as a lock or a semaphore does
import threading

from prefect import flow, task

from workbook.work import ask

lock = threading.Lock()


@task
def extract(index, seconds):
    with lock:
        return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow
def chains(indexes, seconds):
    ends = []
    for index in indexes:
        rows = extract.submit(index, seconds)
        ends.append(load.submit(transform.submit(rows), seconds))
    return [future.result() for future in ends]
