# message: They ran one at a time.*a task that is called instead of submitted
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    return [query(index, seconds) for index in indexes]
