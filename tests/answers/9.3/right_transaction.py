import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run
from prefect.transactions import transaction

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@task
def go_live(folder, names):
    publishing.publish(Path(folder))
    return names


@go_live.on_rollback
def nothing_to_undo(txn):
    pass


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder, transaction():
        names = query.map(indexes, seconds, str(folder)).result()
        return go_live(str(folder), names)
