# message: Only the tasks with the three queries ran. A fourth task
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    futures = [query.submit(index, seconds, wait_for=[first]) for index in (left, right)]
    return sum(len(future.result()) for future in futures)
