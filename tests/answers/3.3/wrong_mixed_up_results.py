# message: returned the rows of the calls first
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
    asked = [query.submit(number, seconds) for number in queries]
    called = [call.submit(number, seconds) for number in calls]
    return [[future.result() for future in called], [future.result() for future in asked]]
