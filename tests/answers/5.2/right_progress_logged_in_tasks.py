from prefect import flow, get_run_logger, task
from prefect.futures import as_completed

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def log_done(count):
    get_run_logger().info("%d done", count)


@flow
def in_order(indexes, durations):
    places = {query.submit(*pair): place for place, pair in enumerate(zip(indexes, durations, strict=True))}
    finished, rows = [], [None] * len(indexes)
    for count, future in enumerate(as_completed(list(places)), start=1):
        finished.append(indexes[places[future]])
        rows[places[future]] = future.result()
        log_done(count)
    return finished, rows
