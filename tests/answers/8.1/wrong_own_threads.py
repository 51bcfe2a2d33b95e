# message: in a thread that Prefect doesn't know
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task

from workbook.work import ask


@task
def count_all(indexes, seconds):
    with ThreadPoolExecutor() as pool:
        return [len(rows) for rows in pool.map(lambda index: ask(index, seconds), indexes)]


@flow
def row_counts(indexes, seconds):
    return count_all(indexes, seconds)
