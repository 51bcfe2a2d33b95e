# message: the right numbers, in another order
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds))


@flow
async def row_counts(indexes, seconds):
    running = [asyncio.create_task(count_rows(index, seconds)) for index in indexes]
    return [await ended for ended in asyncio.as_completed(running)]
