import asyncio

from prefect import flow, task

from workbook.work import ask


@task
async def query(index, seconds):
    return index, await asyncio.to_thread(ask, index, seconds)


@flow
async def in_order(indexes, durations):
    finished, rows = [], {}
    for ended in asyncio.as_completed([query(*pair) for pair in zip(indexes, durations, strict=True)]):
        index, rows[index] = await ended
        finished.append(index)
    return finished, [rows[index] for index in indexes]
