# message: \d+ queries ran in the live database at once.*The flow itself acquired the slots; its task runs didn't
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    return ask(old, seconds), ask(new, seconds)


@flow
def reports(pairs, seconds):
    with concurrency("live-database"):
        futures = [pair.submit(old, new, seconds) for old, new in pairs]
        return [future.result() for future in futures]
