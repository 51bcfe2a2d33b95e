# message: No task ran
from concurrent.futures import ThreadPoolExecutor

from prefect import flow

from workbook.work import ask


@flow
def all_at_once(indexes, seconds):
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda index: ask(index, seconds), indexes))
