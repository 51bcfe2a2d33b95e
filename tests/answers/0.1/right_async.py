import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def question(number, seconds):
    return await asyncio.to_thread(ask, number, seconds)


@flow
async def first_flow(index, seconds):
    return await question(index, seconds)
