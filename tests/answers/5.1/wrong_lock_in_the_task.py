# message: 5 of your tasks ran at once, but at most 1 of their queries
import threading

from prefect import flow, task

from workbook.work import ask

LOCK = threading.Lock()


@task
def query(index, seconds):
    with LOCK:
        return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    [future.result() for future in futures]
    return "all done"
