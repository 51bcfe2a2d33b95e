# message: At most [34] of your tasks ran at once, and at most 3 of their queries\. All should run.*with few workers
from prefect import flow, task
from prefect.futures import wait
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    wait(futures)
    ok = [future.state.is_completed() for future in futures]
    return {
        "answers": [future.result() for future, good in zip(futures, ok) if good],
        "failed": [index for index, good in zip(indexes, ok) if not good],
    }
