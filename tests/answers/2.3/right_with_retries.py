from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(retries=1, retry_delay_seconds=0.1)
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    ok = [future.state.is_completed() for future in futures]
    return {
        "answers": [future.result() for future, good in zip(futures, ok) if good],
        "failed": [index for index, good in zip(indexes, ok) if not good],
    }
