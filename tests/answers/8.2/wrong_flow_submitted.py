# message: no attribute 'submit'.*pass it to .asyncio\.to_thread
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
    futures = {region: region_report.submit(region, indexes, seconds) for region, indexes in regions.items()}
    reports = {region: future.result(raise_on_failure=False) for region, future in futures.items()}
    lost = [region for region, rows in reports.items() if isinstance(rows, Exception)]
    if lost:
        raise RuntimeError(f"No report from {lost}")
    return reports
