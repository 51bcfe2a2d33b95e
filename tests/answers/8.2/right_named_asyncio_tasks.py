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
    running = {
        asyncio.create_task(asyncio.to_thread(region_report, name, indexes, seconds), name=f"report_{name}")
        for name, indexes in regions.items()
    }
    done, _ = await asyncio.wait(running, return_when=asyncio.ALL_COMPLETED)
    lost = sorted(one.get_name() for one in done if one.exception())
    if lost:
        raise RuntimeError("these failed: " + ", ".join(lost))
    found = {one.get_name().removeprefix("report_"): one.result() for one in done}
    return {name: found[name] for name in regions}
