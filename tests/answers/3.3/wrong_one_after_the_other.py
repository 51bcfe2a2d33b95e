# message: All queries had ended before the first call began
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
    asked = [future.result() for future in [query.submit(number, seconds) for number in queries]]
    called = [future.result() for future in [call.submit(number, seconds) for number in calls]]
    return [asked, called]
