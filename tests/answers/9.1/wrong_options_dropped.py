# message: Your task run had no retries.*with_options
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    query.with_options(retries=2, retry_delay_seconds=0.1)
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
