# message: in the list 'failed'.*`future.state` may be out of date
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    good = [future.state.is_completed() for future in futures]  # nobody has waited yet
    return {
        "answers": [future.result() for future, ok in zip(futures, good) if ok],
        "failed": [index for index, ok in zip(indexes, good) if not ok],
    }
