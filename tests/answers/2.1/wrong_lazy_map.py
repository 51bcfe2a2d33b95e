# message: At most 1 of your tasks ran at once.*a generator or `map\(\)` that submits only as you collect
from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = map(lambda index: query.submit(index, seconds), indexes)
    return [future.result() for future in futures]
