import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def save(checkpoint, batch, rows):
    with open(checkpoint, "a") as file:
        file.write(json.dumps([batch, rows]) + "\n")


def known(checkpoint):
    if not Path(checkpoint).exists():
        return {}
    lines = [json.loads(line) for line in Path(checkpoint).read_text().splitlines()]
    return {index: rows for batch, found in lines for index, rows in zip(batch, found)}


@flow
def resume(indexes, seconds, size, checkpoint):
    answers = known(checkpoint)
    for first in range(0, len(indexes), size):
        batch = indexes[first : first + size]
        if all(index in answers for index in batch):
            continue
        rows = [future.result() for future in [query.submit(index, seconds) for index in batch]]
        save(checkpoint, batch, rows)
        answers |= dict(zip(batch, rows))
    return [answers[index] for index in indexes]
