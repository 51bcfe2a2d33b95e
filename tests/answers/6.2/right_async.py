import asyncio

from prefect import flow, task

from workbook.work import ask


@task(tags=["ledger"])
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
async def report(index, seconds):
    return len(await query(index, seconds))


@flow
async def counts(indexes, seconds):
    return list(await asyncio.gather(*(report(index, seconds) for index in indexes)))
