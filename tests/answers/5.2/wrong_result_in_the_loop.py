# message: At most 1 of your tasks ran at once\. All 5 should run at the same time\..*one at a time.*`\.result\(\)` in(side)? the loop
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    rows = [query.submit(index, seconds).result() for index, seconds in zip(indexes, durations, strict=True)]
    return indexes, rows
