# message: one list of \d+, .*It should return two lists
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def asks(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    asked = asks.with_options(tags=["warehouse"]).map(queries, unmapped(seconds))
    called = asks.with_options(tags=["partner"]).map(calls, unmapped(seconds))
    return asked.result() + called.result()
