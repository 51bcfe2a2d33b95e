# message: After query \d+ had failed, a folder of \d files? was published.*Publish last, when every result is there.$
import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@task
def staged(index, seconds):
    with publishing.staging(f"{flow_run.id}-{index}") as folder:
        file = folder / f"{index:02d}.json"
        file.write_text(json.dumps(ask(index, seconds)))
        publishing.publish(folder)
        return file.name


@flow
def publish_nightly(indexes, seconds):
    futures = [staged.submit(index, seconds) for index in indexes]
    return [future.result() for future in futures]
