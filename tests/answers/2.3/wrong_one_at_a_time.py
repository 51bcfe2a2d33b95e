# message: At most 1 of your tasks ran at once.*at the same time.*a task that is called
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    found = {"answers": [], "failed": []}
    for index in indexes:
        try:
            found["answers"].append(query(index, seconds))
        except LookupError:
            found["failed"].append(index)
    return found
