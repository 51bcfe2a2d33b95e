import json

from prefect import flow, task, unmapped
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows import publishing
from workbook.work import ask


@task
def query(index, seconds):
    return ask(index, seconds)


@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))  # a failure may come before the last is begun
def publish_nightly(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        rows = query.map(indexes, unmapped(seconds)).result()
        for index, found in zip(indexes, rows, strict=True):
            (folder / f"{index:02d}.json").write_text(json.dumps(found))
        publishing.publish(folder)
        return [f"{index:02d}.json" for index in indexes]
