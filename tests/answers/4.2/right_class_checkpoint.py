import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


class Checkpoint:
    def __init__(self, path):
        self.file = Path(path)
        self.rows = {}
        if self.file.exists():
            self.rows = {int(index): rows for index, rows in json.loads(self.file.read_text()).items()}

    def __contains__(self, index):
        return index in self.rows

    def add(self, found):
        self.rows.update(found)
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.rows))
        new.replace(self.file)


@flow
def resume(indexes, seconds, size, checkpoint):
    saved = Checkpoint(checkpoint)
    left = [index for index in indexes if index not in saved]
    while left:
        batch, left = left[:size], left[size:]
        futures = [query.submit(index, seconds) for index in batch]
        saved.add(zip(batch, [future.result() for future in futures]))
    return [saved.rows[index] for index in indexes]
