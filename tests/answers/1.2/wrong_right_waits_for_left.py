# message: ran one after the other. The two tasks in the middle should run at the same time\. One of them waits for the other
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    one = query.submit(left, seconds, wait_for=[first])
    other = query.submit(right, seconds, wait_for=[first, one])
    return count.submit(one, other).result()
