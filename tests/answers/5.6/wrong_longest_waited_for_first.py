# message: At most 1 of your tasks ran at once\. It should have been 5
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = []
    for index, seconds in zip(indexes, durations, strict=True):
        futures.append(query.submit(index, seconds))
        futures[-1].wait()
    return [future.result() for future in futures]
