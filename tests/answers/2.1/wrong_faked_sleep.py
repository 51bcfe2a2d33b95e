# message: ran outside any task run
import time

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    time.sleep(seconds)


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    [future.result() for future in futures]
    return [ask(index, 0) for index in indexes]
