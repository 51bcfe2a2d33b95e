# message: Your first list has query \d+ before query \d+\. Query \d+ had finished first.*as_completed
import time

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def in_order(indexes, durations):
    futures = [query.submit(index, seconds) for index, seconds in zip(indexes, durations, strict=True)]

    finished = []
    while len(finished) < len(futures):
        for index, future in zip(indexes, futures):
            if future.state.is_completed() and index not in finished:
                finished.append(index)
        time.sleep(0.5)
    rows = [future.result() for future in futures]
    return finished, rows
