from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=4))
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
