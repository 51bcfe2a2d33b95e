# message: A future from submit or map isn't a coroutine either: call `.result\(\)` on it
import asyncio

from prefect import flow, task, unmapped

from workbook.work import ask


async def fetch(index, seconds):
    return ask(index, seconds)


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    return len(await fetch(index, seconds))


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*count_rows.map(indexes, unmapped(seconds)))
