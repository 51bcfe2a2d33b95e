import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds))


@flow
async def one(index, seconds):
    return await count_rows(index, seconds)


@flow
async def row_counts(indexes, seconds):
    tasks = [asyncio.create_task(one(index, seconds)) for index in indexes]
    return [await task for task in tasks]
