# message: ask\(\) takes seconds as a number, and got \(
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    pause = (seconds,)
    futures = [query.submit(index, pause) for index in indexes]
    return [future.result() for future in futures]
