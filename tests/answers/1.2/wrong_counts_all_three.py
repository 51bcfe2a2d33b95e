# message: returned \d+ as the number of rows. It should return \d+
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def count(*parts):
    return sum(map(len, parts))


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    sides = [query.submit(side, seconds, wait_for=[first]) for side in (left, right)]
    return count.submit(first, *sides).result()
