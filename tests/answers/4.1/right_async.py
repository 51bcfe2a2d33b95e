import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def in_batches(indexes, seconds, size):
    rows = []
    for first in range(0, len(indexes), size):
        rows += await asyncio.gather(*(query(index, seconds) for index in indexes[first : first + size]))
    return rows
