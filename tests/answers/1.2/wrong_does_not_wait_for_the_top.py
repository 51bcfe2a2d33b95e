# message: began before .* had ended. The task at the top should end before
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
    query.submit(top, seconds)
    one, other = query.submit(left, seconds), query.submit(right, seconds)
    return count.submit(one, other).result()
