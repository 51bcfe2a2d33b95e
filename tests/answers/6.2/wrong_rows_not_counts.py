# message: In what your flow returned, `\[0\]` is \[\{.*\. It should be \d+
from prefect import flow, task

from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task
def report(index, seconds):
    return query(index, seconds)


@flow
def counts(indexes, seconds):
    return [report.submit(index, seconds).result() for index in indexes]
