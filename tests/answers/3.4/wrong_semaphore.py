# message: In two processes at once \d+ of your tasks
import threading

from prefect import flow, task

from workbook.work import ask

places = threading.Semaphore(3)


@task
def query(index, seconds):
    with places:
        return ask(index, seconds)


@flow
def shared(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
