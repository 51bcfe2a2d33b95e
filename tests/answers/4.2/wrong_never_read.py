# message: ran query \d+ again.*read it when the flow begins
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    rows = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
        Path(checkpoint).write_text(json.dumps(rows))
    return rows
