# message: ask\(\) takes the number of one query, and got \[
from prefect import flow, task

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    return query.submit(indexes, seconds).result()
