# message: At most \d of your tasks ran at once.*a blocking call such as `ask\(\)` in an `async` task: use `asyncio.to_thread`|\d of your tasks ran at once, but at most 1 of their queries
import asyncio
import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask


def save(folder, index, rows):
    known = warehouse.QUERIES[index]
    file = Path(folder) / f"{index:02d}_{known.name}.json"
    file.write_text(json.dumps({"question": known.question, "rows": rows}))
    return len(rows)


@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
async def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
async def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        return await asyncio.gather(*(query(index, seconds, str(folder)) for index in indexes))
