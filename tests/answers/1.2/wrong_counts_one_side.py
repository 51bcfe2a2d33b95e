# message: as the number of rows
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one)


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    one = query.submit(left, seconds, wait_for=[first])
    other = query.submit(right, seconds, wait_for=[first])
    return count.submit(one, other).result()
