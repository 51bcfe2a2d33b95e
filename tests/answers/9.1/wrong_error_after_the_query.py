# message: ran 3 times, although the database didn't fail on it.*the task failed: \w+Error
from prefect import flow, task

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    rows = ask(index, seconds)
    return rows.sort()[0]


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
