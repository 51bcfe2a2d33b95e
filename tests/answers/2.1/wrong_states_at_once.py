# message: states are not final.*return the results of their futures
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.state for future in futures]
