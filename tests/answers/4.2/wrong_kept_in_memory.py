# message: ran query \d+ again.*knows only what is in the file
from pathlib import Path

from prefect import flow, task

from workbook.work import ask

answers = {}


@task
def query(index, seconds):
    return ask(index, seconds)


@flow
def resume(indexes, seconds, size, checkpoint):
    left = [index for index in indexes if index not in answers]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        answers.update({index: future.result() for index, future in zip(batch, futures)})
        Path(checkpoint).write_text(f"{len(answers)} done")
    return [answers[index] for index in indexes]
