# message: the right numbers, in another order.*They are sorted
import asyncio

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds))


@flow
async def row_counts(indexes, seconds):
    counts = await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
    return sorted(counts)
