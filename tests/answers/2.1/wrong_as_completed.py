# message: right results in (another order|the order in which .* ended): query \d+ is at place \d\..*`as_completed\(\)`
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in as_completed(futures)]
