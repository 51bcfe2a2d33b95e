# message: sorted by the number of their query.*sets don't keep it
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = [query.submit(index, seconds) for index in set(indexes)]
    return [future.result() for future in futures]
