# message: 3 of your tasks( with the tag '\w+')? ran at once, but at most 1 of their queries
import threading

from prefect import flow, task

from workbook.work import ask

ONE = threading.Semaphore(1)


@task(tags=["reporting"])
def query(index, seconds):
    with ONE:
        return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    futures = [query.submit(index, seconds) for index in [*orders, *reviews]]
    return [future.result() for future in futures]
