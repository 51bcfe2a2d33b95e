# message: They ran one at a time: .*`\.wait\(\)`
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = []
    for index in indexes:
        future = query.submit(index, seconds)
        future.wait()
        futures.append(future)
    return [future.result() for future in futures]
