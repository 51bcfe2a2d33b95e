# message: One task run ran \d queries\. Each query should have its own task run
import asyncio

from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds))


@task
async def count_all(indexes, seconds):
    return await asyncio.gather(*(fetch(index, seconds) for index in indexes))


@flow
async def row_counts(indexes, seconds):
    return await count_all(indexes, seconds)
