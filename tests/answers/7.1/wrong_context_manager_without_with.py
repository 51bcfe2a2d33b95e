# message: never acquired a slot of 'live-database': `with concurrency

from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(archived, current, seconds):
    old = ask(archived, seconds)
    concurrency("live-database", strict=True)
    return old, ask(current, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(a, c, seconds) for a, c in pairs]
    return [future.result() for future in futures]
