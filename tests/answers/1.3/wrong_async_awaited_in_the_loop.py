# message: ran one after another.*`await`
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
async def chains(indexes, seconds):
    results = []
    for index in indexes:
        rows = await extract(index, seconds)
        number = await transform(rows)
        results.append(await load(number, seconds))
    return results
