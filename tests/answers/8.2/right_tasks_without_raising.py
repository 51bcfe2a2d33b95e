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
    futures = run_report.map(list(regions), list(regions.values()), unmapped(seconds))
    found = {region: future.result(raise_on_failure=False) for region, future in zip(regions, futures)}
    lost = {region: error for region, error in found.items() if isinstance(error, Exception)}
    if lost:
        raise Exception(f"{len(lost)} of {len(found)} reports are missing: {lost}")
    return found
