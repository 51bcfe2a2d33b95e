# message: Query \d+ ran in a thread of which Prefect knows nothing
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
