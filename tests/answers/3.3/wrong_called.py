# message: At most 1 of your tasks( with the tag '\w+')? ran at once.*called instead of submitted
from prefect import flow, task

from workbook.work import ask


@task(tags=["warehouse"])
def query(number, seconds):
    return ask(number, seconds)


@task(tags=["partner"])
def call(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    return [[query(number, seconds) for number in queries], [call(number, seconds) for number in calls]]
