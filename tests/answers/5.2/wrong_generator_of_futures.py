# message: At most 1 of your tasks ran at once\. It should have been 4\..*ran one at a time
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    futures = (query.submit(index, seconds) for index in indexes)
    return [future.result() for future in futures]
