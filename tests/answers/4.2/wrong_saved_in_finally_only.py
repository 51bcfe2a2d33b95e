# message: (While your third batch ran, there was no file|it had not saved the one before).*(Write it|Save) after every batch
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    answers = json.loads(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if str(index) not in answers]
    try:
        for first in range(0, len(left), size):
            batch = left[first : first + size]
            futures = [query.submit(index, seconds) for index in batch]
            answers |= {str(index): rows for index, rows in zip(batch, [f.result() for f in futures])}
    finally:
        file.write_text(json.dumps(answers))
    return [answers[str(index)] for index in indexes]
