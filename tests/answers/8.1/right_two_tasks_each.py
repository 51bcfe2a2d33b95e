import asyncio

from prefect import flow, task

from workbook.work import ask


@task(retries=1)
def fetch(index, seconds):
    return ask(index, seconds)


@task
async def count(rows):
    return len(rows)


async def both(index, seconds):
    return await count(await asyncio.to_thread(fetch, index, seconds))


@flow
async def row_counts(indexes, seconds):
    return list(await asyncio.gather(*(both(index, seconds) for index in indexes)))
