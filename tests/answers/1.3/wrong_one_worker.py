# message: At most 1 of your 4 extracts ran at the same time.*task runner with one worker
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def extract(index, seconds):
    return ask(index, seconds)


@task
def transform(rows):
    return len(rows) % 20


@task
def load(number, seconds):
    return ask(number, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def chains(indexes, seconds):
    rows = [extract.submit(index, seconds) for index in indexes]
    numbers = [transform.submit(future) for future in rows]
    loads = [load.submit(future, seconds) for future in numbers]
    return [future.result() for future in loads]
