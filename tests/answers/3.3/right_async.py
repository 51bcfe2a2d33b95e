import asyncio

from prefect import flow, task

from workbook.work import ask


@task(tags=["warehouse"])
async def query(number, seconds):
    return await asyncio.to_thread(ask, number, seconds)


call = query.with_options(tags=["partner"])


@flow
async def two_resources(queries, calls, seconds):
    return await asyncio.gather(
        asyncio.gather(*(query(number, seconds) for number in queries)),
        asyncio.gather(*(call(number, seconds) for number in calls)),
    )
