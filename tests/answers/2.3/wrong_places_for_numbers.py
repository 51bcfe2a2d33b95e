# message: returned \['no. \d.*as 'failed'\. It should be .* the index of each query that failed
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
        "answers": [rows for rows in found if isinstance(rows, list)],
        "failed": [f"no. {place}" for place, rows in enumerate(found) if not isinstance(rows, list)],
    }
