# message: returned nothing.*with a value.*\.wait\(\)
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    return query.submit(index, seconds).wait()
