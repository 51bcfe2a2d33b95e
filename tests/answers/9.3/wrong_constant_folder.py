# message: Your flow wrote .*\.json into data/runs/tonight, the folder that your run before had published
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
    with publishing.staging("tonight") as folder:
        for old in folder.iterdir():
            old.unlink()
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        names = [future.result() for future in futures]
        publishing.publish(folder)
    return names
