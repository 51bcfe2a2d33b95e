import json

from prefect import flow, task, unmapped
from prefect.runtime import flow_run

from flows import publishing
from workbook.work import ask


@task(tags=["read-only"])
def rows_of(number, seconds):
    return ask(number, seconds)


@task
def write_and_publish(run_id, results):
    with publishing.staging(run_id) as folder:
        for number, rows in results:
            (folder / f"{number:02d}.json").write_text(json.dumps(rows, indent=1))
        publishing.publish(folder)
        return [f"{number:02d}.json" for number, _ in results]


@flow(name="nightly")
def publish_nightly(indexes, seconds):
    results = rows_of.map(indexes, unmapped(seconds)).result()
    return write_and_publish(str(flow_run.id), list(zip(indexes, results, strict=True)))
