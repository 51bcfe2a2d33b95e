# message: ran in the thread of the event loop
import asyncio

from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    await asyncio.sleep(0)
    return ask(index, seconds)


@task
async def count_rows(index, seconds):
    rows = await asyncio.create_task(fetch(index, seconds))
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
