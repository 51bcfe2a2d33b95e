# message: right results sorted by the number of their query
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = {index: query.submit(index, seconds) for index in indexes}
    return [futures[index].result() for index in sorted(futures)]
