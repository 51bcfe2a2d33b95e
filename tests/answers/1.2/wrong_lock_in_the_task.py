# message: ran at the same time, but their queries one after the other.*as a lock or
import threading

from prefect import flow, task

from workbook.work import ask

lock = threading.Lock()


@task
def query(index, seconds):
    with lock:
        return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    one, other = (query.submit(side, seconds, wait_for=[first]) for side in (left, right))
    return count.submit(one, other).result()
