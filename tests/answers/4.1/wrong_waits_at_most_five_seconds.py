# message: ran at once\. It should have been at most \d, the size of a batch|began before batch \d had ended
from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    futures = []
    for first in range(0, len(indexes), size):
        batch = [query.submit(index, seconds) for index in indexes[first : first + size]]
        wait(batch, timeout=5)
        futures += batch
    return [future.result() for future in futures]
