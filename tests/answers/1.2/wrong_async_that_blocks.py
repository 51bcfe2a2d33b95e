# message: ran one after the other.*use `asyncio.to_thread`
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return ask(index, seconds)


@task
async def count(one, other):
    return len(one) + len(other)


@flow
async def diamond(top, left, right, seconds):
    await query(top, seconds)
    one, other = await asyncio.gather(query(left, seconds), query(right, seconds))
    return await count(one, other)
