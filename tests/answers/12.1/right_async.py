import asyncio
import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask


@task(tags=["database", "nightly"], retries=2, retry_delay_seconds=[0.1, 0.2])
async def query(index, seconds, folder):
    rows = await asyncio.to_thread(ask, index, seconds)
    known = warehouse.QUERIES[index]
    content = {"question": known.question, "rows": rows}
    Path(folder, f"{index:02d}_{known.name}.json").write_text(json.dumps(content))
    return len(rows)


@flow
async def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        return await asyncio.gather(*[query(index, seconds, folder) for index in indexes])
