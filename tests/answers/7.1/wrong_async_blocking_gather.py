# message: At most 1 of the queries to the archive ran at once.*a blocking call such as `ask\(\)` in an `async` task: use `asyncio.to_thread`
import asyncio

from prefect import flow, task
from prefect.concurrency.asyncio import concurrency

from workbook.work import ask


@task
async def pair(old, new, seconds):
    archived = ask(old, seconds)
    async with concurrency("live-database", strict=True):
        return archived, ask(new, seconds)


@flow
async def reports(pairs, seconds):
    return await asyncio.gather(*(pair(old, new, seconds) for old, new in pairs))
