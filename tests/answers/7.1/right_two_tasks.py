from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def archived(index, seconds):
    return ask(index, seconds)


@task
def live(index, seconds):
    with concurrency("live-database"):
        return ask(index, seconds)


@flow
def reports(pairs, seconds):
    olds = [archived.submit(old, seconds) for old, _ in pairs]
    news = [live.submit(new, seconds, wait_for=[future]) for (_, new), future in zip(pairs, olds)]
    return [[old.result(), new.result()] for old, new in zip(olds, news)]
