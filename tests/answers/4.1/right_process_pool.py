from prefect import flow, task, unmapped
from prefect.task_runners import ProcessPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ProcessPoolTaskRunner(max_workers=4))
def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), size):
        rows.extend(query.map(indexes[first : first + size], unmapped(seconds)).result())
    return rows
