import csv
import json
from pathlib import Path

from prefect import flow, get_run_logger, task, unmapped

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@task
def load(file):
    if not file.exists():
        return {}
    with file.open(newline="") as opened:
        return {int(index): json.loads(rows) for index, rows in csv.reader(opened)}


@task
def save(file, known):
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows((index, json.dumps(rows)) for index, rows in known.items())


@flow
def one_batch(batch, seconds):
    return query.map(batch, unmapped(seconds)).result()


@flow
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    known = load(file)
    left = [index for index in indexes if index not in known]
    get_run_logger().info("%s are left", len(left))
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        known.update(zip(batch, one_batch(batch, seconds), strict=True))
        save(file, known)
    return list(map(known.get, indexes))
