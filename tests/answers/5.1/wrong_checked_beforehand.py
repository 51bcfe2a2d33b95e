# message: failed because of query \d+, but no task run did
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_done(indexes, seconds):
    for index in indexes:
        if index > 19:
            raise LookupError(index)
    [future.result() for future in [query.submit(index, seconds) for index in indexes]]
    return "all done"
