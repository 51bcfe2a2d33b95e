# message: of the fourth batch, although the third had failed.*The third batch had ended by then, and your flow went on
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
    errors = []
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        for index, future in [(index, query.submit(index, seconds)) for index in batch]:
            try:
                answers[str(index)] = future.result()
            except LookupError as error:
                errors.append(error)
        save(file, answers)
    if errors:
        raise errors[0]
    return [answers[str(index)] for index in indexes]
