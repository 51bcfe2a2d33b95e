import json
import uuid
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


@task
def publish(folder, names):
    publishing.publish(Path(folder))
    return names


@flow
def publish_nightly(indexes, seconds):
    run = f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:6]}"
    with publishing.staging(run) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        return publish.submit(str(folder), futures).result()
