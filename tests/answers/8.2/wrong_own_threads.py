# message: isn't a child of your flow run.*takes the context along
import asyncio
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@flow
def all_reports(regions, seconds):
    with ThreadPoolExecutor() as pool:
        running = {region: pool.submit(region_report, region, indexes, seconds) for region, indexes in regions.items()}
    return {region: future.result() for region, future in running.items()}
