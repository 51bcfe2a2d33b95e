# message: One report failed, and (your flow didn't wait for '\w+': its flow run is still Running|the report of '\w+' never began)
import asyncio

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
async def region_report(region, indexes, seconds):
    return await asyncio.gather(*(query(index, seconds) for index in indexes))


@flow
async def all_reports(regions, seconds):
    children = [region_report(region, indexes, seconds) for region, indexes in regions.items()]
    found = await asyncio.gather(*children)
    return dict(zip(regions, found))
