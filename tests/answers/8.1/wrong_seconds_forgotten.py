# message: Query \d+ was told to take [\d.]+ s\. The flow.s argument `seconds` was 0\.1
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index))


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
