# message: At most 2 of your tasks ran at once. All \d should run at the same time
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds))


@flow
async def row_counts(indexes, seconds):
    counts = []
    for first in range(0, len(indexes), 2):
        counts += await asyncio.gather(*(count_rows(index, seconds) for index in indexes[first : first + 2]))
    return counts
