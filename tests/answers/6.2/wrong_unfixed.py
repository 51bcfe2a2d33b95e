# message: wait for a slot of the limit on 'ledger', and the only one is taken.*`return len\(query\(index, seconds\)\)`
from prefect import flow, task

from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task(tags=["ledger"])
def report(index, seconds):
    return len(query(index, seconds))


@flow
def counts(indexes, seconds):
    futures = [report.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
