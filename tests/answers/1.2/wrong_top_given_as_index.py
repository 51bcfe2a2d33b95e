# message: query-.* failed, and what needs its result never began: .*ask\(\) takes the number of one query
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def count(one, other):
    return len(one) + len(other)


@flow
def diamond(top, left, right, seconds):
    first = query.submit(top, seconds)
    one = query.submit(first, seconds)
    other = query.submit(first, seconds)
    return count.submit(one, other).result()
