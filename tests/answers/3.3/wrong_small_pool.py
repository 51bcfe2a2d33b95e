# message: At most [12] of your tasks( with the tag '\w+')? ran at once. It should have been [34]
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(tags=["warehouse"])
def query(number, seconds):
    return ask(number, seconds)


@task(tags=["partner"])
def call(number, seconds):
    return ask(number, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def two_resources(queries, calls, seconds):
    asked = [query.submit(number, seconds) for number in queries]
    called = [call.submit(number, seconds) for number in calls]
    return [[future.result() for future in asked], [future.result() for future in called]]
