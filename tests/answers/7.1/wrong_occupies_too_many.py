# message: greater than the limit.*The limit has \d slots. `occupy` is how many
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database", occupy=9):
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
