import asyncio

from prefect import flow, task

from workbook.work import ask


@task(tags=["database"])
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def three_at_a_time(indexes, seconds):
    return await asyncio.gather(*[query(index, seconds) for index in indexes])
