# message: In what your flow returned, `\[0\]\[0\]` is
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def pair(archived, current, seconds):
    old = ask(archived, seconds)
    with concurrency("live-database", occupy=1):
        new = ask(current, seconds)
    return new, old


@flow
def reports(pairs, seconds):
    return [future.result() for future in [pair.submit(*both, seconds) for both in pairs]]
