# message: ran one after the other.*a task runner with one worker
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    one = query.submit(left, seconds, wait_for=[first])
    other = query.submit(right, seconds, wait_for=[first])
    return count.submit(one, other).result()
