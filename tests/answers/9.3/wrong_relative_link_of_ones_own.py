# message: data/out is a link to '[0-9a-f-]+', and there is no such folder.*A relative link starts from data/
import json
import os
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


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        names = [future.result() for future in futures]
        link = publishing.data() / "out.new"
        link.symlink_to(folder.name, target_is_directory=True)
        os.replace(link, publishing.out())
    return names
