import contextlib
import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@task
def query(index, seconds, folder):
    file = Path(folder) / f"{index:02d}.json"
    file.write_text(json.dumps(ask(index, seconds)))
    return file.name


@contextlib.contextmanager
def all_or_nothing():
    with publishing.staging(str(flow_run.id)) as folder:
        yield str(folder)
        publishing.publish(folder)


@flow(retries=0, log_prints=True)
def publish_nightly(indexes, seconds):
    with all_or_nothing() as folder:
        futures = [query.submit(index, seconds, folder) for index in indexes]
        return [future.result() for future in futures]
