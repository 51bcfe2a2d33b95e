import json
from pathlib import Path

from prefect import flow, task
from prefect.futures import wait

from flows import publishing
from workbook.work import ask


@task(task_run_name="query-{index}")
def query(index, seconds, folder):
    file = Path(folder, f"{index:02d}.json")
    with file.open("w") as out:
        json.dump(ask(index, seconds), out)
    return file.name


@flow
def all_queries(indexes, seconds, folder):
    futures = [query.submit(index, seconds, folder) for index in indexes]
    wait(futures)
    failed = [str(index) for index, future in zip(indexes, futures, strict=True) if future.state.is_failed()]
    assert not failed, f"failed: {' '.join(failed)}"
    return [future.result() for future in futures]


@flow
def publish_nightly(indexes, seconds):
    with publishing.staging("tonight" + "-".join(map(str, indexes))) as folder:
        names = all_queries(indexes, seconds, str(folder))
        publishing.publish(folder)
        return names
