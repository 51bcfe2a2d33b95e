# message: call `.result\(\)` on it
from prefect import flow, task

from workbook.work import ask


@task(tags=["database"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def three_at_a_time(indexes, seconds):
    return [query.submit(index, seconds) for index in indexes]
