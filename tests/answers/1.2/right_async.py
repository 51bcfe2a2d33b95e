import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
async def count(one, other):
    return len(one) + len(other)


@flow
async def diamond(top, left, right, seconds):
    await query(top, seconds)
    return await count(*await asyncio.gather(query(left, seconds), query(right, seconds)))
