# message: Your queries ran one at a time.*a blocking call such as `ask\(\)` in an `async` task: use `asyncio.to_thread`
import asyncio

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}", retries=2, retry_delay_seconds=0.1)
async def query(index, seconds):
    return ask(index, seconds)


@flow
async def persistent(indexes, seconds):
    return await asyncio.gather(*(query(index, seconds) for index in indexes))
