# message: When your second run began its last batch, it had not saved the one before.*Save after every batch
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
    left = indexes[len(rows) :]
    for number, first in enumerate(range(0, len(left), size), start=1):
        futures = [query.submit(index, seconds) for index in left[first : first + size]]
        rows += [future.result() for future in futures]
        if number % 2 == 0:
            save(file, rows)
    return rows
