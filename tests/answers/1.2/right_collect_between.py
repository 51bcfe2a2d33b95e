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
    futures = [query.submit(index, seconds) for index in (left, right)]
    return count(*[future.result() for future in futures])
