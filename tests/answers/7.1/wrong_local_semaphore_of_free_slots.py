# message: never acquired a slot of 'live-database'.*A limit in your own process
from threading import BoundedSemaphore

from prefect import flow, task
from prefect.client.orchestration import get_client

from workbook.work import ask


@flow
def reports(pairs, seconds):
    # as many queries as the limit has free slots
    with get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name("live-database")
    free = BoundedSemaphore(limit.limit - limit.active_slots)

    @task
    def report(archived, current):
        old = ask(archived, seconds)
        with free:
            new = ask(current, seconds)
        return old, new

    futures = [report.submit(archived, current) for archived, current in pairs]
    return [future.result() for future in futures]
