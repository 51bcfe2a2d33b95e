from prefect import flow, task
from prefect.futures import wait

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]

    wait(futures)
    ended = {index: future.state.timestamp for index, future in zip(indexes, futures, strict=True)}
    finished = sorted(indexes, key=ended.__getitem__)
    rows = [future.result() for future in futures]
    return finished, rows
