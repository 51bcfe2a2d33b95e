# message: Your second run saved nothing after its last batch.*not when the next one begins
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
    answers = json.loads(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if str(index) not in answers]
    for first in range(0, len(left), size):
        save(file, answers)
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers |= {str(index): future.result() for index, future in zip(batch, futures)}
    return [answers[str(index)] for index in indexes]
