# message: was given the future of .*, so it waited for its end
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
