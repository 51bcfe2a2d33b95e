import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow
async def what_there_is(indexes, seconds):
    found = await asyncio.gather(*(query(index, seconds) for index in indexes), return_exceptions=True)
    return {
        "answers": [rows for rows in found if not isinstance(rows, BaseException)],
        "failed": [index for index, rows in zip(indexes, found) if isinstance(rows, BaseException)],
    }
