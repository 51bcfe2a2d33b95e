# message: ran one after another.*an `await` in a loop
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
async def all_reports(regions, seconds):
    reports = {}
    for region, indexes in regions.items():
        reports[region] = await asyncio.to_thread(region_report, region, indexes, seconds)
    return reports
