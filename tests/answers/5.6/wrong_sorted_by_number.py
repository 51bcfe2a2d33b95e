# message: right results in another order
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    pairs = sorted(zip(indexes, durations, strict=True), key=lambda pair: pair[1], reverse=True)
    futures = [query.submit(index, seconds) for index, seconds in pairs]
    return [future.result() for future in futures]
