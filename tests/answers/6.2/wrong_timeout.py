# message: gave up waiting.*A timeout ends the deadlock, but doesn't fix it
from prefect import flow, task

from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task(tags=["ledger"])
def report(index, seconds):
    return len(query.submit(index, seconds).result(timeout=1))


@flow
def counts(indexes, seconds):
    return [report.submit(index, seconds).result() for index in indexes[:1]]
