# message: (?i)coroutine
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds))


@flow
async def row_counts(indexes, seconds):
    return asyncio.gather(*(count_rows(index, seconds) for index in indexes))
