# message: slot decay.*`rate_limit` counts starts
from prefect import flow, task
from prefect.concurrency.sync import rate_limit

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    rate_limit("live-database")
    return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
