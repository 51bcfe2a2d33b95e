# message: left no file at the path .checkpoint..*The end of the flow is too late
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    if file.exists():
        return json.loads(file.read_text())
    rows = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
    file.write_text(json.dumps(rows))
    return rows
