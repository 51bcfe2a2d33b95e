# message: Your first list has query \d+ before query \d+\. Query \d+ had finished first\. .*as_completed
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]
    rows = [future.result() for future in futures]
    return indexes, rows
