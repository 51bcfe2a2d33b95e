# message: Your flow ended Failed before any task ran:
import json
from pathlib import Path

from prefect import flow, task
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask


def save(folder, index, rows):
    known = warehouse.QUERIES[index]
    file = Path(folder) / f"{index:02d}_{known.name}.json"
    file.write_text(json.dumps({"question": known.question, "rows": rows}))
    return len(rows)


@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)):
        futures = [query.submit(index, seconds) for index in indexes]
        return [future.result() for future in futures]
