# message: 1 task run ran.*Each piece of work is a task run of its own
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task

from workbook.work import ask


@task
def queries(indexes, seconds):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda index: ask(index, seconds), indexes))


@flow
def all_at_once(indexes, seconds):
    return queries.submit(indexes, seconds).result()
