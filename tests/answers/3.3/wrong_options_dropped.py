# message: None of your task runs has the tag.*with_options.*returns a new one
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def asks(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    asks.with_options(tags=["warehouse"])
    first = asks.map(queries, unmapped(seconds))
    asks.with_options(tags=["partner"])
    second = asks.map(calls, unmapped(seconds))
    return [first.result(), second.result()]
