# message: ended Completed, as if nothing had happened.*Nobody collected their results.*call \.result\(\)
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    for index in indexes:
        query.submit(index, seconds)
    return "all done"
