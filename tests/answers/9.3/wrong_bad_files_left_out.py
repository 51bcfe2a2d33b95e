# message: After query \d+ had failed, a folder of \d files? was published.*Publish last, when every result is there.$
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
        names = [f.result() for f in futures if f.state.is_completed()]
        publishing.publish(folder)
        if len(names) < len(indexes):
            raise RuntimeError(f"only {len(names)} files")
    return names
