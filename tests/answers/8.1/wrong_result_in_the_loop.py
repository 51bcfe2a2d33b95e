# message: was created only when the one before had ended.*`\.result\(\)`
from prefect import flow, task

from workbook.work import ask


@task
def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow
def row_counts(indexes, seconds):
    return [count_rows.submit(index, seconds).result() for index in indexes]
