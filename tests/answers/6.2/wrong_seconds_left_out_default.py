# message: was told to take 0\.1 s\. The flow's argument `seconds` was
from prefect import flow, task

from workbook.work import ask


@task(tags=["ledger"])
def ledger_query(index, seconds=0.1):
    return ask(index, seconds)


@task
def report(index, seconds=0.1):
    return len(ledger_query(index))


@flow
def counts(indexes, seconds):
    return report.map(indexes).result()
