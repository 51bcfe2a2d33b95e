# message: No task ran
from prefect import flow
from prefect.concurrency.sync import concurrency

from workbook.work import ask


def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database"):
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    return [pair(old, new, seconds) for old, new in pairs]
