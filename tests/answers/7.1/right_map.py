from prefect import flow, task, unmapped
from prefect.concurrency.sync import concurrency

from workbook.work import ask


def live(index, seconds):
    with concurrency("live-database"):
        return ask(index, seconds)


@task(tags=["report"])
def pair(both, seconds):
    return [ask(both[0], seconds), live(both[1], seconds)]


@flow
def reports(pairs, seconds):
    return pair.map(pairs, unmapped(seconds)).result()
