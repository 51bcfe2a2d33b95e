# message: A `.result\(\)` waited in the thread of the event loop
import asyncio

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def fetch(index, seconds):
    return ask(index, seconds)


async def count_rows(index, seconds):
    future = fetch.submit(index, seconds)
    return len(future.result())


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
