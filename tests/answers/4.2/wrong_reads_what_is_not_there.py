# message: FileNotFoundError.*In the first run there is no file yet
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    answers = json.loads(Path(checkpoint).read_text())
    left = [index for index in indexes if str(index) not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers |= {str(index): future.result() for index, future in zip(batch, futures)}
        Path(checkpoint).write_text(json.dumps(answers))
    return [answers[str(index)] for index in indexes]
