import json
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.futures import wait
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


class BadNight(Exception):
    def __init__(self, indexes, of):
        names = ", ".join(f"{index:02d}_{warehouse.QUERIES[index].name}.json" for index in indexes)
        super().__init__(f"{len(indexes)} of {of} files are missing after 3 tries each: {names}")


def check(futures):
    if lost := [index for index, future in futures.items() if future.state.is_failed()]:
        raise BadNight(lost, len(futures))


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = {index: query.submit(index, seconds, str(folder)) for index in indexes}
        wait(list(futures.values()))
        cleanup1.submit().result()
        cleanup2.submit().result()
        check(futures)
        return [future.result() for future in futures.values()]
