# message: import `concurrency` from prefect.concurrency.sync
from prefect import flow, task
from prefect.concurrency.asyncio import concurrency

from workbook.work import ask


@task
def report(archived, current, seconds):
    old = ask(archived, seconds)
    with concurrency("live-database", strict=True):
        new = ask(current, seconds)
    return old, new


@flow
def reports(pairs, seconds):
    futures = [report.submit(archived, current, seconds) for archived, current in pairs]
    return [future.result() for future in futures]
