from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask

DATABASE = "database"


@task
def query(index, seconds):
    return ask(index, seconds)


def collect(futures):
    by_future = {future.task_run_id: future.result() for future in as_completed(futures)}
    return [by_future[future.task_run_id] for future in futures]


@flow
def three_at_a_time(indexes, seconds):
    limited = query.with_options(tags=[DATABASE])
    return collect([limited.submit(index, seconds) for index in indexes])
