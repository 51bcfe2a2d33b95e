# message: At most 1 of your tasks ran at once\..*`\.result\(\)` in(side)? the loop
import json
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask


def save(folder, index, rows):
    known = warehouse.QUERIES[index]
    file = Path(folder) / f"{index:02d}_{known.name}.json"
    file.write_text(json.dumps({"question": known.question, "rows": rows}))
    get_run_logger().info("%s: %d rows", known.name, len(rows))
    return len(rows)


@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        return [query.submit(index, seconds, str(folder)).result() for index in indexes]
