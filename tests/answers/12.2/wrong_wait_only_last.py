# message: 'cleanup1' began before .* had ended|before query \d+ had begun
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


@task
def cleanup1():
    warehouse.engine().dispose()


@task
def cleanup2():
    publishing.sweep()


@task(task_run_name="query-{index}", tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    return save(folder, index, ask(index, seconds))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        futures[-1].wait()
        cleanup1()
        cleanup2()
        return [future.result() for future in futures]
