# message: Your child flows ran one after another\. All \d child flows should run at the same time
import asyncio

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
    return {region: region_report(region, indexes, seconds) for region, indexes in regions.items()}
