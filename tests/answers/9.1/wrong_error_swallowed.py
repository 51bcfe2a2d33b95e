# message: Your flow ended Completed, although query \d+ failed on every try
from prefect import flow, task

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result(raise_on_failure=False) for future in futures]
