# message: right results in another order
from prefect import flow, task

from workbook.work import ask


@task(tags=["reporting"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def both_reports(orders, reviews, seconds):
    futures = [query.submit(index, seconds) for index in [*reviews, *orders]]
    return [future.result() for future in futures]
