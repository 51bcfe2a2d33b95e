import asyncio
import json

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask

NAME = "nightly"


@task(name=f"{NAME}-query", tags=["database", NAME], retries=2, retry_delay_seconds=[0.1, 0.1])
async def rows_of(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@task
async def cleanup1():
    warehouse.engine().dispose()


@task
async def cleanup2():
    publishing.sweep()


def write(folder, index, rows):
    known = warehouse.QUERIES[index]
    content = {"question": known.question, "rows": rows}
    (folder / f"{index:02d}_{known.name}.json").write_text(json.dumps(content))


@flow(name=NAME)
async def nightly_etl(indexes, seconds):
    results = await asyncio.gather(*[rows_of(index, seconds) for index in indexes], return_exceptions=True)
    await cleanup1()
    await cleanup2()
    errors = [result for result in results if isinstance(result, BaseException)]
    if errors:
        raise Exception(" ".join(map(str, errors)))
    with publishing.staging(str(flow_run.id)) as folder:
        for index, rows in zip(indexes, results, strict=True):
            write(folder, index, rows)
        publishing.publish(folder)
    return {"queries": len(results), "rows": sum(map(len, results)), "output": str(publishing.out())}
