# message: `tags` is a list
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def asks(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    warehouse = asks.with_options(tags=("warehouse"))
    partner = asks.with_options(tags=("partner"))
    asked = warehouse.map(queries, unmapped(seconds))
    called = partner.map(calls, unmapped(seconds))
    return [asked.result(), called.result()]
