import asyncio

from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
async def query(index, seconds):
    return await asyncio.to_thread(ask, index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


async def attempt(region, indexes, seconds):
    try:
        return await asyncio.to_thread(region_report, region, indexes, seconds), None
    except Exception as error:
        return None, error


@flow
async def all_reports(regions, seconds):
    async with asyncio.TaskGroup() as group:
        tasks = {region: group.create_task(attempt(region, indexes, seconds)) for region, indexes in regions.items()}
    ended = {region: task.result() for region, task in tasks.items()}
    errors = [f"{region}: {error}" for region, (_, error) in ended.items() if error]
    if errors:
        raise ExceptionGroup("; ".join(errors), [error for _, error in ended.values() if error])
    return {region: rows for region, (rows, _) in ended.items()}
