# message: 4 of 4 task runs have no tag
from prefect import flow, task
from prefect.context import get_run_context

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(flow_run_name="reporting")
def both_reports(orders, reviews, seconds):
    get_run_context()
    futures = [query.submit(index, seconds) for index in [*orders, *reviews]]
    return [future.result() for future in futures]
