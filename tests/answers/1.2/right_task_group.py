import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
def count(*sides):
    return sum(map(len, sides))


@flow
async def diamond(top, left, right, seconds):
    await query(top, seconds)
    async with asyncio.TaskGroup() as group:
        sides = [group.create_task(query(side, seconds)) for side in (left, right)]
    return count(*(side.result() for side in sides))
