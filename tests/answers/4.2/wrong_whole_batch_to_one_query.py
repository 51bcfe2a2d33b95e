# message: ask\(\) takes the number of one query, and got \[.*Submit a task for each query of a batch
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


def save(file, answers):
    new = Path(file).with_suffix(".new")
    new.write_text(json.dumps(answers))
    new.replace(file)


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    rows = json.loads(file.read_text()) if file.exists() else []
    for first in range(len(rows), len(indexes), size):
        rows += query(indexes[first : first + size], seconds)
        save(file, rows)
    return rows
