# message: No task ran: Prefect knows of none
from concurrent.futures import ThreadPoolExecutor

from prefect import flow

from workbook.work import ask


@flow
def three_at_a_time(indexes, seconds):
    with ThreadPoolExecutor(max_workers=3) as pool:
        return list(pool.map(lambda index: ask(index, seconds), indexes))
