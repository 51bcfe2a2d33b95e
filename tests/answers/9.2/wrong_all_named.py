# message: names query \d+, which went well
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
    if not all(future.state.is_completed() for future in futures):
        raise RuntimeError(f"one of {indexes} failed")
    return [future.result() for future in futures]
