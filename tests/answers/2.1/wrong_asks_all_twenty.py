# message: ran query \d+, which it wasn't given
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in range(20)]
    return [futures[index].result() for index in indexes]
