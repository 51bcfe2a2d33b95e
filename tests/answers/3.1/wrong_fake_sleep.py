# message: ran outside any task run
import time

from prefect import flow, task

from workbook.work import ask


@task(tags=["database"])
def query(index, seconds):
    time.sleep(seconds)


@flow
def three_at_a_time(indexes, seconds):
    [future.result() for future in [query.submit(index, seconds) for index in indexes]]
    return [ask(index, 0) for index in indexes]
