# message: ran one after the other.*submit both before
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
    query(top, seconds)
    one = query(left, seconds)
    other = query(right, seconds)
    return count(one, other)
