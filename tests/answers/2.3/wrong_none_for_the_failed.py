# message: returned 8 answers, of which \d are in the right place\. There should be 6
from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    found = [future.result(raise_on_failure=False) for future in futures]
    return {
        "answers": [rows if isinstance(rows, list) else None for rows in found],
        "failed": [index for index, rows in zip(indexes, found) if not isinstance(rows, list)],
    }
