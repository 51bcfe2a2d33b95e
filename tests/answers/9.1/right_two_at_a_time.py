from prefect import flow, task, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))  # a failure may come before the last is begun
def persistent(indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()
