# message: ran \d times, although the database didn't fail on it.*(a timeout, perhaps|exceeded timeout)
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1, timeout_seconds=0.05)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
