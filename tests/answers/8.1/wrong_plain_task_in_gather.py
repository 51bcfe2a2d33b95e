# message: need coroutines. A plain task or flow runs to its end as soon as you call it
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
