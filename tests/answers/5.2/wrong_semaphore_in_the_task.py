# message: 4 of your tasks ran at once, but at most 2 of their queries.*semaphore
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds, places):
    async with places:
        return await asyncio.to_thread(ask, index, seconds)


@flow
async def all_at_once(indexes, seconds):
    places = asyncio.Semaphore(2)
    return await asyncio.gather(*[query(index, seconds, places) for index in indexes])
