import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count_rows(index, seconds):
    return len(await asyncio.to_thread(ask, index, seconds=seconds))


@flow(log_prints=True)
async def row_counts(indexes, seconds):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(count_rows(index, seconds)) for index in indexes]
    print("all counted")
    return [task.result() for task in tasks]
