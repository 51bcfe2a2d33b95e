# message: \d results, only those of the queries that it ran itself\. It should return all \d+, with those from the checkpoint
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
    answers = json.loads(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if str(index) not in answers]
    new = []
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        rows = [future.result() for future in futures]
        new += rows
        answers |= {str(index): found for index, found in zip(batch, rows)}
        file.write_text(json.dumps(answers))
    return new
