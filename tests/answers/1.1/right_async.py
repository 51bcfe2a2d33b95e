import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def extract(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
async def transform(rows):
    return len(rows) % 20


@task
async def load(number, seconds):
    return await asyncio.to_thread(ask, number, seconds)


@flow
async def chain(index, seconds):
    return await load(await transform(await extract(index, seconds)), seconds)
