import asyncio

from prefect import flow, task

from workbook.work import ask


@task(retries=2, retry_delay_seconds=0.1)
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def persistent(indexes, seconds):
    return await asyncio.gather(*[query(index, seconds) for index in indexes])
