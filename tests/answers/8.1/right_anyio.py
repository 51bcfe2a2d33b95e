import asyncio

from anyio import to_thread
from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await to_thread.run_sync(ask, index, seconds))


@flow
async def row_counts(indexes, seconds):
    return tuple(await asyncio.gather(*(count_rows(index, seconds) for index in indexes)))
