import json
from pathlib import Path

from prefect import flow, task
from prefect.futures import wait
from prefect.runtime import flow_run

from flows import publishing, warehouse
from workbook.work import ask


class QueriesFailed(Exception):
    pass


@task(tags=["database"], retries=2, retry_delay_seconds=0.1, task_run_name="sql_query-{index}")
def sql_query(index, seconds, folder):
    known = warehouse.QUERIES[index]
    rows = ask(index, seconds)
    file = Path(folder) / f"{index:02d}_{known.name}.json"
    file.write_text(json.dumps({"question": known.question, "rows": rows}, indent=1))
    return {"query": index, "rows": len(rows)}


@task
def cleanup1():
    warehouse.engine().dispose()


@task
def cleanup2():
    return publishing.sweep()


@flow(name="sub-etl-job")
def sub_etl(indexes, seconds, folder):
    futures = [sql_query.submit(index, seconds, folder) for index in indexes]
    wait(futures)
    results = [future.result(raise_on_failure=False) for future in futures]
    cleanup1.submit().result()
    cleanup2.submit().result()
    failed = [
        f"{index} ({result})" for index, result in zip(indexes, results, strict=True) if isinstance(result, Exception)
    ]
    if failed:
        raise QueriesFailed(f"{len(failed)} of {len(futures)} queries failed: {'; '.join(failed)}")
    return results


@flow(name="main-etl-job", log_prints=True)
def nightly_etl(indexes, seconds):
    warehouse.prepare()
    with publishing.staging(str(flow_run.id)) as folder:
        results = sub_etl(indexes, seconds, str(folder))
        publishing.publish(folder)
    return {"queries": len(results), "rows": sum(result["rows"] for result in results), "output": str(publishing.out())}
