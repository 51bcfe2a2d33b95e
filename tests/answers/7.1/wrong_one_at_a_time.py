# message: At most 1 of the queries to the archive ran at once.*one after another
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database"):
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    return [pair.submit(old, new, seconds).result() for old, new in pairs]
