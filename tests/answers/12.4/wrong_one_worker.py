# message: At most 1 of your tasks( with the tag '\w+')? ran at once\. It should have been [23]\..*a task runner with one worker
import json
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.futures import wait
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows import publishing, warehouse
from workbook.work import ask


@task(tags=["database"], retries=2, retry_delay_seconds=0.1)
def query(index, seconds, folder):
    rows = ask(index, seconds)
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


@flow(task_runner=ThreadPoolTaskRunner(max_workers=1))
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = [query.submit(index, seconds, str(folder)) for index in indexes]
        wait(futures)
        cleanup1.submit().result()
        cleanup2.submit().result()
        failed = [index for index, future in zip(indexes, futures, strict=True) if not future.state.is_completed()]
        if failed:
            raise RuntimeError(f"queries failed: {failed}")
        counts = [future.result() for future in futures]
        publishing.publish(folder)
    return {"queries": len(counts), "rows": sum(counts), "output": str(publishing.out())}
