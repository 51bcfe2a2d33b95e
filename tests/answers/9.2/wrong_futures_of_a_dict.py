# message: Your flow ended Failed before any task ran:
from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
def tidy(indexes, seconds):
    futures = {index: query.submt(index, seconds) for index in indexes}
    cleanup()
    return [future.result() for future in futures]
