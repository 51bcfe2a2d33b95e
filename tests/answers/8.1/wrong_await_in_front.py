# message: ran in the thread of the event loop, and kept all other tasks waiting.*to_thread\(ask, index, seconds\)
import asyncio

from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    return ask(index, seconds)


@task
async def count_rows(index, seconds):
    rows = await fetch(index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
