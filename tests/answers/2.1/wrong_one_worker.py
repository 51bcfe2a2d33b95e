# message: At most 1 of your tasks ran at once.*a task runner with one worker
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
