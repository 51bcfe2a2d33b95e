# message: Your flow failed while the report of '\w+' was still running|doesn't name
import asyncio

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@task
def run_report(region, indexes, seconds):
    return region_report(region, indexes, seconds)


@flow
def all_reports(regions, seconds):
    futures = {region: run_report.submit(region, indexes, seconds) for region, indexes in regions.items()}
    return {region: future.result() for region, future in futures.items()}
