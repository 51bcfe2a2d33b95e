# message: ran 2 times\. It should have been 3\. `retries=…` on the task is the number of tries after the first
from prefect import flow, task

from workbook.work import ask


@task(retries=1, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
