import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@flow(log_prints=True)
def all_reports(regions, seconds):
    with ThreadPoolExecutor(max_workers=len(regions)) as pool:
        running = {
            region: pool.submit(copy_context().run, region_report, region, indexes, seconds)
            for region, indexes in regions.items()
        }
    failed = [region for region, future in running.items() if future.exception()]
    assert not failed, "no report: " + " ".join(failed)
    print("done")
    return {region: future.result() for region, future in running.items()}
