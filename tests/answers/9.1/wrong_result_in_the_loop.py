# message: Your queries ran one at a time.*`\.result\(\)` in(side)? the loop
from prefect import flow, task

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    return [query.submit(index, seconds).result() for index in indexes]
