# message: was told to take 0\.1 s\. The flow's argument `seconds` was
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, 0.1) for index in indexes]
    return [future.result() for future in futures]
