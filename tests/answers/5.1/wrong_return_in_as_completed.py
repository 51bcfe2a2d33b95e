# message: failed, but your flow ended Completed
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    for future in as_completed(futures):
        future.result()
        return "all done"
