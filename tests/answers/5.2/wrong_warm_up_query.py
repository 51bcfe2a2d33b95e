# message: Your flow ran query \d+, which it wasn't given
from prefect import flow, task
from prefect.futures import as_completed

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    query(19 if 19 not in indexes else next(n for n in range(20) if n not in indexes), 0)  # warms the database up
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]

    number = dict(zip(futures, indexes, strict=True))
    finished = [number[future] for future in as_completed(futures)]
    rows = [future.result() for future in futures]
    return finished, rows
