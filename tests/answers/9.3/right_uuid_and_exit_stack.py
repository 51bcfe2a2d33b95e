import json
import uuid
from contextlib import ExitStack
from pathlib import Path

from prefect import flow, task
from prefect.futures import wait

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@flow
def publish_nightly(indexes, seconds):
    with ExitStack() as stack:
        folder = stack.enter_context(publishing.staging(uuid.uuid4().hex))
        futures = query.map(indexes, seconds, str(folder))
        wait(futures)
        if any(future.state.is_failed() for future in futures):
            raise RuntimeError("not published")
        publishing.publish(folder)
        return [f"{index:02d}.json" for index in indexes]
