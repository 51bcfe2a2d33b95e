# message: In your second run, \d of your tasks ran at once\. It should have been at most \d
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
    if file.exists():
        done = json.loads(file.read_text())
        return done + [future.result() for future in [query.submit(index, seconds) for index in indexes[len(done) :]]]
    done = []
    for first in range(0, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        done += [future.result() for future in futures]
        file.write_text(json.dumps(done))
    return done
