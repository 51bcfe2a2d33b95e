# message: There was no task run of 'cleanup' when query \d+ failed.*An error skips the lines after it
from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    results = [future.result() for future in futures]
    cleanup.submit().result()
    return results
