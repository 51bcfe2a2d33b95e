# message: Query \d+ ran in the parent flow run itself\. It should run in a child flow run
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
    futures = {region: query.map(indexes, unmapped(seconds)) for region, indexes in regions.items()}
    return {region: found.result() for region, found in futures.items()}
