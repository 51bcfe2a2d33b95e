# message: returned \w+ where results should be.*call `\.result\(\)` on it
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    return [query.submit(index, seconds) for index in indexes]
