# message: call `.result\(\)` on it
import asyncio

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


run_report = task(region_report)


@flow
def all_reports(regions, seconds):
    return {region: run_report.submit(region, indexes, seconds) for region, indexes in regions.items()}
