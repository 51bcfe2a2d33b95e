from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task
def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow(task_runner=ProcessPoolTaskRunner(max_workers=5))
def row_counts(indexes, seconds):
    futures = [count_rows.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
