# message: At most 1 query ran in the live database at once.*One task run ran several
from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def archive(index, seconds):
    return ask(index, seconds)


@task
def live(indexes, seconds):
    with concurrency("live-database", strict=True):
        return [ask(index, seconds) for index in indexes]


@flow
def reports(pairs, seconds):
    olds = archive.map([old for old, _ in pairs], seconds)
    news = live.submit([new for _, new in pairs], seconds, wait_for=olds)
    return list(zip(olds.result(), news.result()))
