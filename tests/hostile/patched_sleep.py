# message: time.sleep
import time

from prefect import flow, task

from workbook.work import ask


@task(tags=["database"])
def query(index, seconds):
    return ask(index, seconds)


time.sleep = lambda seconds: None


@flow
def three_at_a_time(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
