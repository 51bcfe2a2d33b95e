# message: All calls had ended before the first query began
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
    called = [future.result() for future in [call.submit(number, seconds) for number in calls]]
    asked = [future.result() for future in [query.submit(number, seconds) for number in queries]]
    return [asked, called]
