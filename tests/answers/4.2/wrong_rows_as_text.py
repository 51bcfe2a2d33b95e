# message: In what your flow returned, `\[0\]` is .*\. It should be \[\{
import ast
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
    answers = ast.literal_eval(file.read_text()) if file.exists() else {}
    left = [index for index in indexes if index not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers |= {index: json.dumps(future.result()) for index, future in zip(batch, futures)}
        file.write_text(repr(answers))
    return [answers[index] for index in indexes]
