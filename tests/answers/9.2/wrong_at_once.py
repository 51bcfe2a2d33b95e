# message: 'cleanup' began before .* had ended.*Wait for all futures before you submit it
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
    cleanup.submit().result()
    return [future.result() for future in futures]
