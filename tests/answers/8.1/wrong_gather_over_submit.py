# message: A future from submit or map isn't a coroutine either: call `.result\(\)` on it
import asyncio

from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    rows = await fetch(index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows.submit(index, seconds) for index in indexes))
