# message: Your flow failed while the report of .* was still running|doesn't name
from prefect import flow, task, unmapped

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow(flow_run_name="{region}")
def region_report(region, indexes, seconds):
    return query.map(indexes, unmapped(seconds)).result()


@task(task_run_name="report-{region}")
def report(region, indexes, seconds):
    return region_report(region, indexes, seconds)


@flow
def all_reports(regions, seconds):
    futures = {region: report.submit(region, indexes, seconds) for region, indexes in regions.items()}
    for future in futures.values():
        future.wait()
        break
    failed = [region for region, future in futures.items() if future.state.is_failed()]
    if failed:
        raise RuntimeError(f"no report from {failed}")
    return {region: future.result() for region, future in futures.items()}
