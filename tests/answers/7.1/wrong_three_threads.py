# message: At most \d of the queries to the archive.*a task runner with few workers
from prefect import flow, task
from prefect.concurrency.sync import concurrency
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task
def pair(old, new, seconds):
    archived = ask(old, seconds)
    with concurrency("live-database"):
        return archived, ask(new, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=3))
def reports(pairs, seconds):
    futures = [pair.submit(old, new, seconds) for old, new in pairs]
    return [future.result() for future in futures]
