from prefect import flow, get_run_logger, task
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@task
def log_start(number):
    get_run_logger().info("%d queries", number)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=3))
def persistent(indexes, seconds):
    log_start(len(indexes))
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
