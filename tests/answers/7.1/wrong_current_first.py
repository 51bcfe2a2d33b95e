# message: Query \d+ began in the live database before query \d+ of its pair had ended

from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(archived, current, seconds):
    with concurrency("live-database", strict=True):
        new = ask(current, seconds)
    return ask(archived, seconds), new


@flow
def reports(pairs, seconds):
    futures = [pair.submit(a, c, seconds) for a, c in pairs]
    return [future.result() for future in futures]
