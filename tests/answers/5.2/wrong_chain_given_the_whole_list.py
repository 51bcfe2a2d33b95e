# message: One of your tasks waits for its own future.*No query should wait for another
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = []
    for index in indexes:
        futures.append(query.submit(index, seconds, wait_for=futures))
    return [future.result() for future in futures]
