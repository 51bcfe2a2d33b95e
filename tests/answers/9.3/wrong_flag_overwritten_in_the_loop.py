# message: a folder of 3 files was published
import json
from pathlib import Path

from prefect import flow, task
from prefect.futures import wait
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        wait(futures)
        for future in futures:
            good = future.state.is_completed()
        if not good:
            raise RuntimeError("not all queries completed")
        publishing.publish(folder)
    return [f"{index:02d}.json" for index in indexes]
