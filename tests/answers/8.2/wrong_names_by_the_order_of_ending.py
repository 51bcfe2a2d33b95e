# message: What you have there belongs to|error that doesn't name|names '\w+', whose report went well
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
    children = [asyncio.to_thread(region_report, region, indexes, seconds) for region, indexes in regions.items()]
    found = []
    for ended in asyncio.as_completed(children):
        try:
            found.append(await ended)
        except Exception as error:
            found.append(error)
    reports = dict(zip(regions, found))
    lost = [region for region, rows in reports.items() if isinstance(rows, Exception)]
    if lost:
        raise RuntimeError(f"No report from {', '.join(lost)}")
    return reports
