# message: ended Completed, as if nothing had happened.*after the flow.s function had returned.*\.result\(\)
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
