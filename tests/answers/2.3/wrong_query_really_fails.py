# message: Query \d+ never ran: .*'soon'.*Look at what your task gives to `ask\(\)`
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, "soon" if index < 20 else seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    found = [future.result(raise_on_failure=False) for future in futures]
    return {
        "answers": [rows for rows in found if isinstance(rows, list)],
        "failed": [index for index, rows in zip(indexes, found) if not isinstance(rows, list)],
    }
