# message: A future isn't a coroutine: call `.result\(\)` on it, or await the task itself
from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow
async def row_counts(indexes, seconds):
    futures = [count_rows.submit(index, seconds) for index in indexes]
    return [await future for future in futures]
