# message: In what your flow returned, `\[\d\]` is a list of \d+\. It should be
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(old, new, seconds):
    ask(old, seconds)
    with concurrency("live-database"):
        return ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
