# message: State where results should be.*A state is no result
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def first_flow(index, seconds):
    return query(index, seconds, return_state=True)
