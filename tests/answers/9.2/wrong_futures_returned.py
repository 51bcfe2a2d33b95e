# message: doesn't name query \d+: .*2/6 states failed
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
    tidied = cleanup.submit()
    tidied.wait()
    if all(future.state.is_completed() for future in futures):
        return [future.result() for future in futures]
    return [*futures, tidied]
