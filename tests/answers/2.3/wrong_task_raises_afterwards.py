# message: Query \d+ returned its rows, but then its task run, query-\w+, ended Failed: .*forgot to take this out
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    rows = ask(index, seconds)
    if rows:
        raise ValueError("forgot to take this out")
    return rows


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    found = [future.result(raise_on_failure=False) for future in futures]
    return {
        "answers": [rows for rows in found if isinstance(rows, list)],
        "failed": [index for index, rows in zip(indexes, found) if not isinstance(rows, list)],
    }
