# message: In what your flow returned, `\[\d\]` is a list of \d\. It should be one of \d
from prefect import flow, task

from workbook.work import ask


@task
def asks(number, seconds):
    return ask(number, seconds)


@flow
def two_resources(queries, calls, seconds):
    warehouse, partner = asks.with_options(tags=["warehouse"]), asks.with_options(tags=["partner"])
    first, second = [], []
    for query, call in zip(queries, calls):
        first.append(warehouse.submit(query, seconds))
        second.append(partner.submit(call, seconds))
    return [[future.result() for future in first], [future.result() for future in second]]
