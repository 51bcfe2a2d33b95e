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


class Night:
    def __init__(self, folder, seconds):
        self.folder, self.seconds = str(folder), seconds

    @task(tags=["database"], retries=2, retry_delay_seconds=0.1)
    def answer(self, index):
        return save(self.folder, index, ask(index, self.seconds))


@flow
def all_queries(folder, indexes, seconds):
    night = Night(folder, seconds)
    futures = {index: night.answer.submit(index) for index in indexes}
    return [futures[index].result() for index in indexes]


@flow(name="nightly-etl", log_prints=True)
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        return all_queries(str(folder), indexes, seconds)
