# message: The limit on 'reporting' was 3, and after your flow it is 20
from prefect import flow, task

from workbook.limits import ensure_limit
from workbook.work import ask


@task(tags=["reporting"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    ensure_limit("reporting", 20)
    futures = [query.submit(index, seconds) for index in orders + reviews]
    return [future.result() for future in futures]
