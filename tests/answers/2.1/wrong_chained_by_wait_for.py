# message: At most 1 of your tasks ran at once.*wait_for
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = []
    for index in indexes:
        futures.append(query.submit(index, seconds, wait_for=futures[-1:]))
    return [future.result() for future in futures]
