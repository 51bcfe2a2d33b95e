# message: One task run ran \d queries
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def everything(indexes, seconds):
    return await asyncio.gather(*(asyncio.to_thread(ask, index, seconds) for index in indexes))


@flow
async def all_at_once(indexes, seconds):
    return await everything(indexes, seconds)
