# message: without the tag 'ledger'.*did take slots of its limit, with `concurrency\(\)`
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def ledger_query(index, seconds):
    with concurrency("tag:ledger", occupy=1, strict=True):
        return ask(index, seconds)


@task
def report(index, seconds):
    return len(ledger_query(index, seconds))


@flow
def counts(indexes, seconds):
    futures = [report.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
