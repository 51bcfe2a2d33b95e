# message: \d+ queries ran in the live database at once.*have the tags \['live-database'\].*never acquired
from prefect import flow, task

from workbook.work import ask


@task(tags=["live-database"])
def pair(old, new, seconds):
    return ask(old, seconds), ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
