# message: Your flow failed while the report of .* was still running|doesn't name
from prefect import flow, task, unmapped
from prefect.task_runners import ThreadPoolTaskRunner

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@task
def report(region, indexes, seconds):
    return region_report(region, indexes, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=4))
def all_reports(regions, seconds):
    futures = {region: report.submit(region, indexes, seconds) for region, indexes in regions.items()}
    found, failed = {}, []
    for region, future in futures.items():
        if future.state.is_failed():
            failed.append(region)
        else:
            found[region] = future.result()
    if failed:
        raise RuntimeError(f"failed: {failed}")
    return found
