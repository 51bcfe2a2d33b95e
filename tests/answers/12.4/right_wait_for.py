import json
from pathlib import Path

from prefect import allow_failure, flow, get_run_logger, task, unmapped
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


@flow(log_prints=True)
def nightly_etl(indexes, seconds):
    with publishing.staging(str(flow_run.id)) as folder:
        counts = query.map(indexes, unmapped(seconds), unmapped(str(folder)))
        first = cleanup1.submit(wait_for=[allow_failure(count) for count in counts])
        cleanup2.submit(wait_for=[first]).wait()
        lost = {index: count.state for index, count in zip(indexes, counts, strict=True) if count.state.is_failed()}
        if lost:
            raise LookupError(f"no rows for {list(lost)}")
        publishing.publish(folder)
        print("published", folder.name)
        return {"rows": sum(counts.result()), "queries": len(indexes), "output": str(publishing.out())}
