# message: Query \d+ ran in a thread that Prefect doesn't know.*Threads of your own
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task

from workbook.work import ask


@task
def both(left, right, seconds):
    with ThreadPoolExecutor() as pool:
        return sum(len(rows) for rows in pool.map(ask, (left, right), (seconds, seconds)))


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def diamond(top, left, right, seconds):
    query(top, seconds)
    return both(left, right, seconds)
