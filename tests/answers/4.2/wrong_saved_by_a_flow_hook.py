# message: While your third batch ran, there was no file.*Write it after every batch
import json
from pathlib import Path

from prefect import flow, task

from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds):
    return ask(index, seconds)


done = {}


def save(flow, run, state):
    Path(run.parameters["checkpoint"]).write_text(json.dumps(done))


@flow(on_failure=[save])
def resume(indexes, seconds, size, checkpoint):
    file = Path(checkpoint)
    if file.exists():
        done.update({int(index): rows for index, rows in json.loads(file.read_text()).items()})
    left = [index for index in indexes if index not in done]
    for first in range(0, len(left), size):
        batch = left[first : first + size]
        futures = [query.submit(index, seconds) for index in batch]
        done.update(zip(batch, [future.result() for future in futures]))
    return [done[index] for index in indexes]
