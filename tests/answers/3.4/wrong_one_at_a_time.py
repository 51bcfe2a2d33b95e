# message: In each of the two processes the tasks ran one at a time
from prefect import flow, task

from workbook.work import ask


@task(tags=["database"])
def query(index, seconds):
    return ask(index, seconds)


@flow
def shared(indexes, seconds):
    return [query(index, seconds) for index in indexes]
