import asyncio

from prefect import flow, task

from workbook.work import ask


@task(tags=["reporting"])
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def report(indexes, seconds):
    return await asyncio.gather(*[query(index, seconds) for index in indexes])


@flow
async def both_reports(orders, reviews, seconds):
    first, second = await asyncio.gather(report(orders, seconds), report(reviews, seconds))
    return first + second
