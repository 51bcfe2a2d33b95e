# message: and then your flow ended Failed: .*got <coroutine.*put `await` before
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
    rows = await extract(index, seconds)
    number = transform(rows)
    return await load(number, seconds)
