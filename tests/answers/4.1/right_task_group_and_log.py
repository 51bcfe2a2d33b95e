import asyncio

from prefect import flow, get_run_logger, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
async def log(first, last):
    get_run_logger().info("from %s to %s", first, last)


@flow
async def in_batches(indexes, seconds, size):
    rows = [None] * len(indexes)
    for first in range(0, len(indexes), size):
        async with asyncio.TaskGroup() as group:
            group.create_task(log(first, first + size))
            batch = {
                place: group.create_task(query(indexes[place], seconds))
                for place in range(first, min(first + size, len(indexes)))
            }
        for place, task_ in batch.items():
            rows[place] = task_.result()
    return rows
