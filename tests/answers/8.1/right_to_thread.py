import asyncio

from prefect import flow, task

from workbook.work import ask


async def fetch(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    return len(await fetch(index, seconds))


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
