import asyncio

from prefect import flow, task, unmapped
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@task(task_run_name="report-{region}")
def run_report(region, indexes, seconds):
    return region_report(region, indexes, seconds)


@flow
def all_reports(regions, seconds):
    futures = {region: run_report.submit(region, indexes, seconds) for region, indexes in regions.items()}
    wait(list(futures.values()))
    failed = [region for region, future in futures.items() if not future.state.is_completed()]
    if failed:
        raise ValueError(f"these reports failed: {failed}")
    return {region: future.result() for region, future in futures.items()}
