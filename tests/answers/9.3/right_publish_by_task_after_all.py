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
def show(names, folder):
    publishing.publish(Path(folder))
    return names


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging(f"{flow_run.id}") as folder:
        names = [query.submit(index, seconds, str(folder)) for index in indexes]
        return show.submit(names, str(folder)).result()
