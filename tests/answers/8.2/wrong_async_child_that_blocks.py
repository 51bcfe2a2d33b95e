# message: Your child flows ran one after another|At most 1 of your child flows ran
import asyncio

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
async def region_report(region, indexes, seconds):
    return [future.result() for future in [query.submit(index, seconds) for index in indexes]]


@flow
async def all_reports(regions, seconds):
    children = [region_report(region, indexes, seconds) for region, indexes in regions.items()]
    found = await asyncio.gather(*children, return_exceptions=True)
    reports = dict(zip(regions, found))
    lost = [region for region, rows in reports.items() if isinstance(rows, Exception)]
    if lost:
        raise RuntimeError(f"No report from {', '.join(lost)}")
    return reports
