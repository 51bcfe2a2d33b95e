# message: Your flow ended Completed, although queries \d+, \d+ failed on every try
from prefect import flow, task
from prefect.futures import wait

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
    wait(futures)
    cleanup.submit().result()
    return [future.result() for future in futures if future.state.is_completed()]
