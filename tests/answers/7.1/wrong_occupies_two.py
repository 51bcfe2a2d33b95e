# message: At most \d quer.* ran in the live database at once.*Each query acquired 2 slots: `occupy` should be 1
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database", occupy=2):
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
