# message: ended Failed before it ran query \d+: AttributeError: 'str' object.*is a path as text
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


def save(checkpoint, answers):
    checkpoint.write_text(json.dumps(answers))


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    answers = json.loads(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if str(index) not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers |= {str(index): future.result() for index, future in zip(batch, futures)}
        save(checkpoint, answers)
    return [answers[str(index)] for index in indexes]
