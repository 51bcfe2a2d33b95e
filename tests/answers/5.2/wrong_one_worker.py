# message: At most 1 of your tasks ran at once\. All 5 should run at the same time\..*a task runner with one worker
from prefect import flow, task
from prefect.futures import as_completed
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]
    number = dict(zip(futures, indexes, strict=True))
    finished = [number[future] for future in as_completed(futures)]
    return finished, [future.result() for future in futures]
