# message: began before batch \d had ended|ran at once\. It should have been
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    futures = []
    for first in range(0, len(indexes), size):
        for index in indexes[first : first + size]:
            future = query.submit(index, seconds)
            futures.append(future)
        future.wait()
    return [future.result() for future in futures]
