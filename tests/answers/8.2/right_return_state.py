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
    async def report(region):
        return await asyncio.to_thread(region_report, region, regions[region], seconds, return_state=True)

    states = dict(zip(regions, await asyncio.gather(*map(report, regions))))
    if failed := [region for region, state in states.items() if not state.is_completed()]:
        raise RuntimeError("Failed: " + ", ".join(failed))
    return {region: await state.aresult() for region, state in states.items()}
