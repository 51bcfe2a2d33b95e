from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def start(index, seconds):
    return ask(index, seconds)


@task
def side(rows_above, index, seconds):
    assert rows_above
    return ask(index, seconds)


@task
def join(sides):
    return sum(len(rows) for rows in sides)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def diamond(top, left, right, seconds):
    above = start(top, seconds)
    return join([side.submit(above, left, seconds), side.submit(above, right, seconds)])
