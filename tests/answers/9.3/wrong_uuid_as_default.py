# message: The others are from an earlier run.*in a default value, is made only once
import json
from pathlib import Path
from uuid import uuid4

from prefect import flow, task

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
def publish_nightly(indexes, seconds, run=str(uuid4())):
    with publishing.staging(run) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        names = [future.result() for future in futures]
        publishing.publish(folder)
    return names
