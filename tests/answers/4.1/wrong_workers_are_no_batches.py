# message: A query of batch (2|3) began before batch (1|2) had ended
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_batches(indexes, seconds, size):
    pool = ThreadPoolTaskRunner(max_workers=size)
    return inner.with_options(task_runner=pool)(indexes, seconds)


@flow
def inner(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
