# message: ran query \d+ again, although its batch was complete.*it did read the file.*not of batches
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
    done, rows = json.loads(file.read_text()) if file.exists() else (0, [])
    for first in range(done, len(indexes), size):
        futures = [query.submit(index, seconds) for index in indexes[first : first + size]]
        rows += [future.result() for future in futures]
        done += 1
        save(file, [done, rows])
    return rows
