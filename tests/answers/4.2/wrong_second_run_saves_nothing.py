# message: When your second run began its last batch, it had not saved the one before.*also in a run that found a checkpoint
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
    resumed = file.exists()
    rows = json.loads(file.read_text()) if resumed else []
    for first in range(len(rows), len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
        if not resumed:
            save(file, rows)
    return rows
