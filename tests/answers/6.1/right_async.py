import asyncio

from prefect import flow, task

from workbook.work import ask


@task(tags={"reporting"})
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def both_reports(orders, reviews, seconds):
    both = await asyncio.gather(*(query(index, seconds) for index in (*orders, *reviews)))
    return list(both)
