# message: At most 6 of your tasks ran at once, and at most 1 of their queries.*as a lock or
import threading

from prefect import flow, task

from workbook.work import ask

lock = threading.Lock()


@task
def query(index, seconds):
    with lock:
        return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    found = [future.result(raise_on_failure=False) for future in futures]
    return {
        "answers": [rows for rows in found if isinstance(rows, list)],
        "failed": [index for index, rows in zip(indexes, found) if not isinstance(rows, list)],
    }
