# message: ran at once\. It should have been at most \d, the size of a batch|began before batch \d had ended
import time

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    futures = []
    for first in range(0, len(indexes), size):
        futures += [query.submit(index, seconds) for index in indexes[first : first + size]]
        time.sleep(5)
    return [future.result() for future in futures]
