# message: At most 1 of your tasks( with the tag '\w+')? ran at once\. It should have been 3\..*a task runner with one worker
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(tags=["reporting"])
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def both_reports(orders, reviews, seconds):
    futures = [query.submit(index, seconds) for index in [*orders, *reviews]]
    return [future.result() for future in futures]
