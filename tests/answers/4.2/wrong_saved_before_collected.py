# message: returned \d results?. It should return
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
    done, rows = json.loads(file.read_text()) if file.exists() else [0, []]
    for first in range(done, len(indexes), size):
        batch = indexes[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        file.write_text(json.dumps([first + size, rows]))
        rows += [future.result() for future in futures]
    return rows
