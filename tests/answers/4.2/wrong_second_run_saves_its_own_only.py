# message: A third run, which began with the file .*, ran query \d+ again.*Add the rows of each batch
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
    answers, new = json.loads(file.read_text()) if file.exists() else {}, {}
    left = [index for index in indexes if str(index) not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        new |= {str(index): future.result() for index, future in zip(batch, futures)}
        file.write_text(json.dumps(new))
    answers |= new
    return [answers[str(index)] for index in indexes]
