# message: No task ran: Prefect knows of none in your flow.*threads of your own
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task

from workbook.work import ask


@task
def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow
def row_counts(indexes, seconds):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda index: count_rows(index, seconds), indexes))
