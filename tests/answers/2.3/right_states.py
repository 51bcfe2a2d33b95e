from prefect import flow, task, unmapped
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = query.map(indexes, unmapped(seconds))
    wait(futures)
    good = [future.state.is_completed() for future in futures]
    return {
        "failed": [index for index, ok in zip(indexes, good) if not ok],
        "answers": [future.result() for future, ok in zip(futures, good) if ok],
    }
