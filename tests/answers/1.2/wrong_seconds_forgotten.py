# message: was told to take [\d.]+ s. The flow's argument `seconds` was 0.1
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index)


@task
def count(one, other):
    return len(one) + len(other)


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    one, other = (query.submit(side, seconds, wait_for=[first]) for side in (left, right))
    return count.submit(one, other).result()
