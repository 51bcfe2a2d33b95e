import asyncio
import json

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask


@task(tags=["database"], retries=2, retry_delay_seconds=0.1)
async def query(index, seconds, folder):
    rows = await asyncio.to_thread(ask, index, seconds)
    known = warehouse.QUERIES[index]
    (folder / f"{index:02d}_{known.name}.json").write_text(json.dumps({"question": known.question, "rows": rows}))
    return len(rows)


@task
async def cleanup1():
    warehouse.engine().dispose()


@task
async def cleanup2():
    publishing.sweep()


@flow
async def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        counts = await asyncio.gather(*[query(i, seconds, folder) for i in indexes], return_exceptions=True)
        await cleanup1()
        await cleanup2()
        for count in counts:
            if isinstance(count, Exception):
                raise count
        return counts
