# message: The reports of \w+ and \w+ were one child flow run
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
    everything = [index for indexes in regions.values() for index in indexes]
    rows = iter(region_report("all", everything, seconds))
    return {region: [next(rows) for _ in indexes] for region, indexes in regions.items()}
