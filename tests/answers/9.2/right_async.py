import asyncio

from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
async def cleanup():
    warehouse.engine().dispose()


@flow
async def tidy(indexes, seconds):
    results = await asyncio.gather(*[query(index, seconds) for index in indexes], return_exceptions=True)
    await cleanup()
    failed = [index for index, result in zip(indexes, results, strict=True) if isinstance(result, Exception)]
    if failed:
        raise ValueError("failed: " + ", ".join(map(str, failed)))
    return results
