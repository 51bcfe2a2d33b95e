import asyncio
from contextlib import asynccontextmanager

from prefect import flow, task

from workbook.work import ask


@task(retries=0, persist_result=False)
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@asynccontextmanager
async def heard():
    async with asyncio.TaskGroup() as group:
        yield group


@flow(validate_parameters=False)
async def all_done(indexes, seconds):
    async with heard() as group:
        for index in indexes:
            group.create_task(query(index, seconds))
    return "all done"
