from prefect import flow, get_run_logger, task
from prefect.concurrency.sync import concurrency

from workbook.work import ask


@task(retries=1)
def pair(old, new, seconds):
    archived = ask(old, seconds)
    get_run_logger().info("Waiting for the live database")
    with concurrency(["live-database"], occupy=1, timeout_seconds=60):
        return archived, ask(new, seconds)


@flow
def part(pairs, seconds):
    return [future.result() for future in [pair.submit(old, new, seconds) for old, new in pairs]]


@flow
def reports(pairs, seconds):
    return part(pairs, seconds)
