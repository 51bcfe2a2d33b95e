# message: ran one after the other
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
    query.submit(top, seconds).result()
    one = query.submit(left, seconds).result()
    other = query.submit(right, seconds).result()
    return count.submit(one, other).result()
