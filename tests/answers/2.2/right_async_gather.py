import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def count(index, seconds, words):
    rows = await asyncio.to_thread(ask, index, seconds)
    return len(rows), list(words)


@flow
async def with_words(indexes, seconds, words):
    return await asyncio.gather(*(count(index, seconds, words) for index in indexes))
