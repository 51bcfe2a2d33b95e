from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def what_there_is(indexes, seconds):
    numbers = {query.submit(index, seconds): index for index in indexes}
    rows, failed = {}, set()
    for future in as_completed(list(numbers)):
        try:
            rows[numbers[future]] = future.result()
        except LookupError:
            failed.add(numbers[future])
    return {
        "answers": [rows[index] for index in indexes if index in rows],
        "failed": [index for index in indexes if index in failed],
    }
