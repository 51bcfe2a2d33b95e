from prefect import flow, task
from prefect.futures import wait
from prefect.states import Failed

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
    futures = {index: query.submit(index, seconds) for index in indexes}
    done = wait(list(futures.values())).done
    cleanup()
    lost = [index for index, future in futures.items() if future in done and future.state.is_failed()]
    if lost:
        return Failed(message=f"No answer to {lost}")
    return [future.result() for future in futures.values()]
