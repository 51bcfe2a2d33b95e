import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def all_at_once(indexes, seconds):
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(query(index, seconds)) for index in indexes]
    return [task.result() for task in tasks]
