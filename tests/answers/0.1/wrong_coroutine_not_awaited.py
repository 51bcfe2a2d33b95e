# message: returned coroutine where results should be.*put `await` before it
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
def first_flow(index, seconds):
    return query(index, seconds)
