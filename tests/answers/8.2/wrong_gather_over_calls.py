# message: need coroutines. If you call a plain task or flow, it runs to its end at that moment
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
    children = [region_report(region, indexes, seconds) for region, indexes in regions.items()]
    found = await asyncio.gather(*children)
    return dict(zip(regions, found))
