# message: data/out shows \d files.*The others are from an earlier run. Name the folder after the run
import json
from datetime import datetime
from pathlib import Path

from prefect import flow, task

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging(f"{datetime.now():%Y-%m-%d}") as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        names = [future.result() for future in futures]
        publishing.publish(folder)
    return names
