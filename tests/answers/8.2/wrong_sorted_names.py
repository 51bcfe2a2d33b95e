# message: In the dict that your flow returned, '\w+' is \[\[
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
    found = await asyncio.gather(
        *(asyncio.to_thread(region_report, region, indexes, seconds) for region, indexes in regions.items()),
        return_exceptions=True,
    )
    reports = dict(zip(sorted(regions), found))
    lost = [region for region, rows in reports.items() if isinstance(rows, Exception)]
    if lost:
        raise RuntimeError(f"No report from {lost}")
    return reports
