# message: the rows that it fetched itself first, and then those from the checkpoint
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
    old = json.loads(Path(checkpoint).read_text()) if Path(checkpoint).exists() else []
    left = indexes[len(old) :]
    rows = []
    for first in range(0, len(left), size):
        futures = [query.submit(index, seconds) for index in left[first : first + size]]
        rows += [future.result() for future in futures]
        save(checkpoint, rows + old)
    return rows + old
