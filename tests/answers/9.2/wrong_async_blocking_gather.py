# message: Your queries ran one at a time.*a blocking call such as `ask\(\)` in an `async` task: use `asyncio.to_thread`
import asyncio

from prefect import flow, task

from flows import warehouse
from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return ask(index, seconds)


@task
def cleanup():
    warehouse.engine().dispose()


@flow
async def tidy(indexes, seconds):
    found = await asyncio.gather(*(query(index, seconds) for index in indexes), return_exceptions=True)
    cleanup()
    bad = [index for index, rows in zip(indexes, found) if isinstance(rows, Exception)]
    if bad:
        raise RuntimeError(f"no answer to {bad}")
    return found
