# message: \d+ queries ran in the live database at once.*never acquired a slot of .live-database.: `with concurrency\(…\):` does
from prefect import flow, task

from workbook.work import ask


@task
def pair(old, new, seconds):
    return ask(old, seconds), ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
