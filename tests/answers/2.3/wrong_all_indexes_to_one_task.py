# message: ask\(\) takes the number of one query|never ran
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    try:
        return {"answers": query(indexes, seconds), "failed": []}
    except LookupError:
        return {"answers": [], "failed": indexes}
