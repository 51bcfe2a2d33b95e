from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def two_resources(queries, calls, seconds):
    warehouse, partner = (query.with_options(tags=[tag]) for tag in ("warehouse", "partner"))
    one = warehouse.map(queries, unmapped(seconds))
    other = partner.map(calls, unmapped(seconds))
    return one.result(), other.result()
