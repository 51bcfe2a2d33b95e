# message: was created only when the one before had ended.*inside a loop
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    rows = await asyncio.to_thread(ask, index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return [await count_rows(index, seconds) for index in indexes]
