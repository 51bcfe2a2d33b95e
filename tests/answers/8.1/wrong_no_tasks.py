# message: No task ran
import asyncio

from prefect import flow

from workbook.work import ask


async def fetch(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def row_counts(indexes, seconds):
    return [len(rows) for rows in await asyncio.gather(*(fetch(index, seconds) for index in indexes))]
