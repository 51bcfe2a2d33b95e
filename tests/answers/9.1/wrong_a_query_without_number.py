# message: its message doesn't name query \d+: .*a query failed three times
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def persistent(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    if any(future.state.is_failed() for future in futures):
        raise RuntimeError("a query failed three times")
    return [future.result() for future in futures]
