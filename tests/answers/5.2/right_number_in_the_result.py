from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def numbered(index, seconds):
    return index, ask(index, seconds)


@flow
def in_order(indexes, durations):
    ended = [future.result() for future in as_completed(numbered.map(indexes, durations))]
    rows = dict(ended)
    return [index for index, _ in ended], [rows[index] for index in indexes]
