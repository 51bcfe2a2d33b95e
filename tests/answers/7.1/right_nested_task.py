from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def pair(old, new, seconds):
    archived = query(old, seconds)
    with concurrency("live-database"):
        live = query(new, seconds)
    return archived, live


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
