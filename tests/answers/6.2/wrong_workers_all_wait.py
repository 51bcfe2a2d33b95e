# message: had not ended after \d+ s\. These task runs had not ended: report.*query\.submit\(index, seconds\)
from prefect import flow, task
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(tags=["ledger"])
def query(index, seconds):
    return ask(index, seconds)


@task
def report(index, seconds):
    return len(query.submit(index, seconds).result())


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def counts(indexes, seconds):
    return [report.submit(index, seconds).result() for index in indexes]
