# message: In two processes at once \d+ of your tasks.*'database'
from prefect import flow, task

from workbook.work import ask


@task(tags=["data-base"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def shared(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
