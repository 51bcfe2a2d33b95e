from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    results = [future.result(raise_on_failure=False) for future in futures]
    pairs = list(zip(indexes, results))
    return {
        "answers": [rows for _, rows in pairs if not isinstance(rows, Exception)],
        "failed": [index for index, rows in pairs if isinstance(rows, Exception)],
    }
