# message: _asyncio\.Future.*await. it
import asyncio

from prefect import flow, task

from workbook.work import ask


def fetch(index, seconds):
    return asyncio.get_running_loop().run_in_executor(None, ask, index, seconds)


@task(task_run_name="count-{index}")
async def count_rows(index, seconds):
    rows = fetch(index, seconds)
    return len(rows)


@flow
async def row_counts(indexes, seconds):
    return await asyncio.gather(*(count_rows(index, seconds) for index in indexes))
