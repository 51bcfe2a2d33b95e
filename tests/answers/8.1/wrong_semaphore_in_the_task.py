# message: \d of your tasks ran at once, but at most 1 of their queries
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds, one):
    async with one:
        return len(await asyncio.to_thread(ask, index, seconds))


@flow
async def row_counts(indexes, seconds):
    one = asyncio.Semaphore(1)
    return await asyncio.gather(*(count_rows(index, seconds, one) for index in indexes))
