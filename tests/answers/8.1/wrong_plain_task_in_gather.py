# message: need coroutines. If you call a plain task or flow, it runs to its end at that moment
import asyncio

from prefect import flow, task

from workbook.work import ask


@task
def count_rows(index, seconds):
    return len(ask(index, seconds))


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
