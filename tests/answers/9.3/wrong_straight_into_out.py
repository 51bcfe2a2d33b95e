# message: Your flow wrote .*\.json straight into the published folder
import json
from pathlib import Path

from prefect import flow, task

from flows import publishing
from workbook.work import ask


@task
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
def publish_nightly(indexes, seconds):
    futures = [query.submit(index, seconds, str(publishing.out())) for index in indexes]
    return [future.result() for future in futures]
