# message: At most 1 query ran in the live database at once.*They ran one at a time
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def archive(index, seconds):
    return ask(index, seconds)


@task
def live(index, seconds):
    with concurrency("live-database", strict=True):
        return ask(index, seconds)


@flow
def reports(pairs, seconds):
    olds = archive.map([old for old, _ in pairs], seconds).result()
    return [(rows, live(new, seconds)) for rows, (_, new) in zip(olds, pairs)]
