# message: Query \d+ never ran\. Your tasks should run it with `ask
import asyncio

from prefect import flow, task

from flows import warehouse


async def fetch(index, seconds):
    await asyncio.sleep(seconds)
    return warehouse.query(index, seconds=0)


@task
async def count_rows(index, seconds):
    return len(await fetch(index, seconds))


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
