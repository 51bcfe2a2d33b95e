# message: although the database didn't fail on it.*Retries of a flow repeat everything
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(retries=2, retry_delay_seconds=0.1)
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
