# message: ran \d times, although the database didn't fail on it.*take them off the flow
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow(retries=2, retry_delay_seconds=0.1)
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
