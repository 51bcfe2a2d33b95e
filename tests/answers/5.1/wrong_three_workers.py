# message: At most 3 of your tasks ran at once\. All 5 should run at the same time
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def all_done(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    [future.result() for future in futures]
    return "all done"
