# message: ran [23] times, but Prefect counts 1 run of its task\.
import time

from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task
def query(index, seconds):
    for attempt in (1, 2, 3):
        try:
            return ask(index, seconds)
        except warehouse.QueryFailed:
            if attempt == 3:
                raise
            time.sleep(0.1)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
