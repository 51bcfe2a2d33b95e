from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def all_at_once(indexes, seconds):
    numbers = {query.submit(index, seconds): index for index in indexes}
    rows = {numbers[future]: future.result() for future in as_completed(numbers)}
    return [rows[index] for index in indexes]
