# message: At most 1 query ran|At most 1 of the queries to the archive|Something else holds them back
from threading import Lock

from prefect import flow, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask

lock = Lock()


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database"), lock:
        return archived, ask(new, seconds)


@flow
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
