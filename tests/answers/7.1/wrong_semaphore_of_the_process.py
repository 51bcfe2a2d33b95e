# message: never acquired a slot of 'live-database'\. (Each query.*)?A limit in your own process
from threading import Semaphore

from prefect import flow, task

from workbook.work import ask

database = Semaphore(3)


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with database:
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
