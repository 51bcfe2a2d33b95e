# message: ended Completed, although its query doesn't exist.*Let the exception leave the task
from prefect import flow, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    try:
        return ask(index, seconds)
    except LookupError:
        return None


@flow
def what_there_is(indexes, seconds):
    found = query.map(indexes, unmapped(seconds)).result()
    return {
        "answers": [rows for rows in found if rows is not None],
        "failed": [index for index, rows in zip(indexes, found) if rows is None],
    }
