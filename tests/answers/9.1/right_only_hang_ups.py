from prefect import flow, task
from prefect.futures import wait

from flows import warehouse
from workbook.work import ask


def hung_up(task, task_run, state):
    """A query that there is not will not be there in a moment either."""
    return isinstance(state.result(raise_on_failure=False), warehouse.QueryFailed)


@task(tags=["database"], retries=2, retry_delay_seconds=0.1, retry_condition_fn=hung_up)
def query(index, seconds):
    return ask(index, seconds)


def submit_all(indexes, seconds):
    return {index: query.submit(index, seconds) for index in indexes}


@flow
def persistent(indexes, seconds):
    futures = submit_all(indexes, seconds)
    wait(futures.values())
    if lost := [str(index) for index, future in futures.items() if future.state.is_failed()]:
        raise RuntimeError(f"no answer to {', '.join(lost)}")
    return [future.result() for future in futures.values()]
