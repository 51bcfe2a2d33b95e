# message: ran query \d+ of the fourth batch, although the third had failed
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
    done = json.loads(file.read_text()) if file.exists() else []
    futures = [query.submit(index, seconds) for index in indexes[len(done) :]]
    for first in range(0, len(futures), size):
        done += [future.result() for future in futures[first : first + size]]
        file.write_text(json.dumps(done))
    return done
