# message: ask\(\) takes the number of one query|never ran
from prefect import flow, task, unmapped
from prefect.futures import wait

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = query.map([indexes], unmapped(seconds))
    wait(futures)
    ok = [future.state.is_completed() for future in futures]
    return {
        "answers": [future.result() for future, good in zip(futures, ok) if good],
        "failed": [index for index, good in zip(indexes, ok) if not good],
    }
