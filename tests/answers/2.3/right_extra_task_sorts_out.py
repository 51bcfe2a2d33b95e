from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def sort_out(indexes, found):
    pairs = list(zip(indexes, found))
    return {
        "answers": [rows for _, rows in pairs if isinstance(rows, list)],
        "failed": [index for index, rows in pairs if not isinstance(rows, list)],
    }


@flow
def what_there_is(indexes, seconds):
    futures = [query.submit(index, seconds) for index in indexes]
    for future in futures:
        future.wait()
    return sort_out(indexes, [future.result(raise_on_failure=False) for future in futures])
