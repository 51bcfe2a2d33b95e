import json
import os

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    rows = []
    if os.path.exists(checkpoint):
        with open(checkpoint) as file:
            rows = json.load(file)
    for first in range(len(rows), len(indexes), size):
        rows.extend(query.map(indexes[first : first + size], seconds).result())
        with open(checkpoint, "w") as file:
            json.dump(rows, file)
    return rows
