import asyncio

from prefect import flow, task
from prefect.concurrency.asyncio import concurrency

from workbook.work import ask


@task
async def pair(old, new, seconds):
    archived = await asyncio.to_thread(ask, old, seconds)
    async with concurrency("live-database"):
        return archived, await asyncio.to_thread(ask, new, seconds)


@flow
async def reports(pairs, seconds):
    return await asyncio.gather(*(pair(old, new, seconds) for old, new in pairs))
