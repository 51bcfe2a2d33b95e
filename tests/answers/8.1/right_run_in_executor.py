import asyncio
import functools

from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(None, functools.partial(ask, index, seconds=seconds))


@task
async def count_rows(index, seconds):
    rows = await fetch(index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*[count_rows(index, seconds) for index in indexes])
