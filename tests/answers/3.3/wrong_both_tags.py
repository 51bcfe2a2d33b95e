# message: has both tags
from prefect import flow, task

from workbook.work import ask


@task(tags=["warehouse", "partner"])
def query(number, seconds):
    return ask(number, seconds)


@task(tags=["partner", "warehouse"])
def call(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    asked = [query.submit(number, seconds) for number in queries]
    called = [call.submit(number, seconds) for number in calls]
    return [[future.result() for future in asked], [future.result() for future in called]]
