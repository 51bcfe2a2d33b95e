# message: The limit on 'ledger' was 1, and after your flow it is gone
from prefect import flow, task

from workbook.limits import remove_limit
from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task(tags=["ledger"])
def report(index, seconds):
    return len(query(index, seconds))


@flow
def counts(indexes, seconds):
    remove_limit("ledger")
    return [report.submit(index, seconds).result() for index in indexes]
