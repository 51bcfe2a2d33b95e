# message: Your queries ran one at a time.*a blocking call such as `ask\(\)` in an `async` task: use `asyncio.to_thread`
import asyncio
import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
async def publish_nightly(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        names = await asyncio.gather(*(query(index, seconds, str(folder)) for index in indexes))
        publishing.publish(folder)
    return names
