# message: One of your task runs asked the archive \d times. Each pair should get one task run

from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task
def archive(numbers, seconds):
    return [ask(number, seconds) for number in numbers]


@task
def live(current, seconds):
    with concurrency("live-database", strict=True):
        return ask(current, seconds)


@flow
def reports(pairs, seconds):
    old = archive.submit([a for a, _ in pairs], seconds)
    new = [live.submit(c, seconds) for _, c in pairs]
    return list(zip(old.result(), [n.result() for n in new]))
