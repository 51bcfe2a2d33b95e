# message: only those of the queries that it ran itself.*or only their numbers\?
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
    done = json.loads(file.read_text()) if file.exists() else []
    rows = []
    left = [index for index in indexes if index not in done]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        rows += [future.result() for future in futures]
        done += batch
        save(file, done)
    return rows
