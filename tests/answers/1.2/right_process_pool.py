from prefect import flow, task
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=3))
def diamond(top, left, right, seconds):
    query.submit(top, seconds).result()
    one, other = query.submit(left, seconds), query.submit(right, seconds)
    return count.submit(one, other).result()
