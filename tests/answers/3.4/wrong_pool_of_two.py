# message: In two processes at once [34] of your tasks|do not have the tag
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def shared(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
