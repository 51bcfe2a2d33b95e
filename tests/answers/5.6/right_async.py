import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def in_order(indexes, durations):
    return await asyncio.gather(*map(query, indexes, durations))
