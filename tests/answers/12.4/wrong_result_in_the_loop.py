# message: At most 1 of your tasks( with the tag '\w+')? ran at once\. It should have been [23]\..*`\.result\(\)` in(side)? the loop
import json
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.runtime import flow_run

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


@flow(name="nightly-etl")
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        futures = []
        for index in indexes:
            futures.append(query.submit(index, seconds, str(folder)))
            futures[-1].wait()
        cleanup1.submit().result()
        cleanup2.submit().result()
        failed = [index for index, future in zip(indexes, futures, strict=True) if not future.state.is_completed()]
        if failed:
            raise RuntimeError(f"queries failed: {failed}")
        counts = [future.result() for future in futures]
        publishing.publish(folder)
    return {"queries": len(counts), "rows": sum(counts), "output": str(publishing.out())}
